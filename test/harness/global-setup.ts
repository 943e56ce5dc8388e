import type { TestProject } from 'vitest/node';
import { removeLeftovers, startSharedServer } from './server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A superuser's URL of the run's server. */
    pgUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startSharedServer();
  project.provide('pgUrl', server.url);
  return async () => {
    await server.stop();
    // Workers are gone by now: what is left belongs to a test that was cut off.
    await removeLeftovers();
  };
}
