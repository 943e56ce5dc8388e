import type { ComponentType } from 'preact';
import { Insights } from './insights.tsx';
import { RecordPage, recordTitle } from './record.tsx';
import { Resources } from './resources.tsx';
import { Timeline } from './timeline.tsx';
import { User } from './user.tsx';
import { Users } from './users.tsx';

export interface Route {
  /** `:name` takes one segment, decoded; the page gets it as a property. The server serves the same paths (`console-routes.ts`). */
  readonly path: string;
  /** Of the window. */
  readonly title: string | ((values: Readonly<Record<string, string>>) => string);
  /** Whether it is among the tabs, and what it is called there. */
  readonly tab?: string;
  // Each page has properties of its own: those that its path names.
  readonly page: ComponentType<Record<string, string>>;
}

/** Every page; the tabs are in this order. */
export const ROUTES: readonly Route[] = [
  { path: '/timeline', title: 'Timeline', tab: 'Timeline', page: Timeline },
  { path: '/resources', title: 'Resources', tab: 'Resources', page: Resources },
  { path: '/resources/:source/:table/:record', title: recordTitle, page: RecordPage },
  { path: '/users', title: 'Users', tab: 'Users', page: Users },
  { path: '/users/:id', title: 'User', page: User as Route['page'] },
  { path: '/insights', title: 'Insights', tab: 'Insights', page: Insights },
  { path: '/', title: 'Timeline', page: Timeline },
  { path: '/entry/:id', title: 'Entry', page: Timeline },
];

export interface RouteMatch {
  readonly route: Route;
  readonly values: Readonly<Record<string, string>>;
}

export function matchRoute(pathname: string): RouteMatch | null {
  for (const route of ROUTES) {
    const values = valuesOf(route.path, pathname);
    if (values !== null) return { route, values };
  }
  return null;
}

export function titleOf({ route: { title }, values }: RouteMatch): string {
  return typeof title === 'string' ? title : title(values);
}

function valuesOf(pattern: string, pathname: string): Record<string, string> | null {
  const wanted = pattern.split('/');
  const given = pathname.split('/');
  if (wanted.length !== given.length) return null;
  const values: Record<string, string> = {};
  for (const [at, segment] of wanted.entries()) {
    const value = given[at] ?? '';
    if (!segment.startsWith(':')) {
      if (segment !== value) return null;
      continue;
    }
    try {
      values[segment.slice(1)] = decodeURIComponent(value);
    } catch {
      return null;
    }
  }
  return values;
}
