/** What a token is for. Each of the last two may do all that the ones before it may. */
export const ROLES = ['writer', 'viewer', 'operator', 'admin'] as const;

export type Role = (typeof ROLES)[number];

/** Whether a role may do what another one is named for: a writer posts events and reads nothing, a viewer only reads. */
export function mayAct(role: Role, needed: Role): boolean {
  return role === needed || (RANKS[role] > RANKS[needed] && RANKS[role] > RANKS.viewer);
}

const RANKS: Readonly<Record<Role, number>> = { writer: 0, viewer: 0, operator: 1, admin: 2 };
