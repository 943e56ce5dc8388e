import { render } from 'preact';
import { App } from './app.tsx';
import { matchRoute } from './page/route-table.ts';
import { watchStatus } from './state/capture-status.ts';
import { followLinks } from './state/location.ts';
import { loadSession } from './state/session.ts';

followLinks((path) => matchRoute(path) !== null);
watchStatus();
void loadSession();
const root = document.querySelector('#console');
if (root !== null) render(<App />, root);
