import { theme, type Theme } from '../state/preference.ts';
import { Icon, type IconName } from './icon.tsx';

const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };
const ICONS: Readonly<Record<Theme, IconName>> = { system: 'auto', light: 'sun', dark: 'moon' };

export function ThemeToggle() {
  return (
    <button
      class="button plain"
      type="button"
      aria-label={`Colours: ${theme.value}. Change to ${NEXT[theme.value]}`}
      title={`Colours: ${theme.value}`}
      onClick={() => {
        theme.value = NEXT[theme.value];
      }}
    >
      <Icon name={ICONS[theme.value]} />
    </button>
  );
}
