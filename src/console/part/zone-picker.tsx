import { navigate, withParameters } from '../state/location.ts';
import { BROWSER_ZONE, zone, zones } from '../state/time.ts';

/** In which time zone times are shown; it stands in the address, so that a link shows the same to everybody. */
export function ZonePicker() {
  return (
    <label class="zone">
      <span class="visually-hidden">Time zone</span>
      <select
        value={zone.value}
        onChange={({ currentTarget: { value } }) =>
          navigate(withParameters({ tz: value === BROWSER_ZONE ? null : value }), { replace: true })
        }
      >
        {zones().map((name) => (
          <option key={name} value={name}>
            {name.replaceAll('_', ' ')}
          </option>
        ))}
      </select>
    </label>
  );
}
