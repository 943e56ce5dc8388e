import { computed, signal } from '@preact/signals';
import { call, whenUnauthenticated } from '../api/client.ts';
import type { MeAnswer } from '../api/schema.ts';

export type Me = MeAnswer['data'];

/** Who is signed in; null: nobody, or it is not known yet. */
export const me = signal<Me | null>(null);
export const isSignInNeeded = signal(false);
/** It could not be found out. */
export const sessionError = signal<unknown>(null);

const ROLES = ['writer', 'viewer', 'operator', 'admin'] as const;

export const mayRead = computed(() => mayAct('viewer'));
export const mayRevert = computed(() => mayAct('operator'));

whenUnauthenticated(() => {
  me.value = null;
  isSignInNeeded.value = true;
});

export async function loadSession(): Promise<void> {
  sessionError.value = null;
  try {
    me.value = (await call('GET /me')).data;
    isSignInNeeded.value = false;
  } catch (error) {
    if (!isSignInNeeded.value) sessionError.value = error;
  }
}

/** Throws an ApiError. */
export async function signIn(token: string): Promise<void> {
  me.value = (await call('POST /session', { body: { token } })).data;
  isSignInNeeded.value = false;
}

export async function signOut(): Promise<void> {
  await call('DELETE /session');
  me.value = null;
  isSignInNeeded.value = true;
}

function mayAct(role: (typeof ROLES)[number]): boolean {
  return me.value !== null && ROLES.indexOf(me.value.role) >= ROLES.indexOf(role);
}
