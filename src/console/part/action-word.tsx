import { actionIcon, Icon } from './icon.tsx';

/** An action with its icon and colour. */
export function ActionWord({ action }: { readonly action: string }) {
  const icon = actionIcon(action);
  return (
    <span class={`action ${icon}`}>
      <Icon name={icon} /> {action}
    </span>
  );
}
