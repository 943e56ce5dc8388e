/** What somebody at the shop may do in its app. */
export type Duty = 'sales' | 'support' | 'warehouse' | 'catalogue';

/** Somebody who uses the shop's app, as the app knows them. */
export interface Person {
  readonly id: string;
  readonly name: string;
  /** From the ranges reserved for documentation: RFC 5737 and RFC 3849. */
  readonly ip: string;
  readonly userAgent: string;
  readonly duties: readonly Duty[];
}

const FIREFOX_LINUX = 'Mozilla/5.0 (X11; Linux x86_64; rv:138.0) Gecko/20100101 Firefox/138.0';
const CHROME_WINDOWS =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/136.0.0.0 Safari/537.36';
const SAFARI_MAC =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15';
const SAFARI_IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Mobile/15E148 Safari/604.1';

const AMELIE: Person = {
  id: 'u-1001',
  name: 'Amélie Laurent',
  ip: '203.0.113.24',
  userAgent: SAFARI_MAC,
  duties: ['support', 'sales'],
};

/** He means well. */
export const MATEO: Person = {
  id: 'u-1005',
  name: 'Mateo Álvarez',
  ip: '198.51.100.203',
  userAgent: SAFARI_IPHONE,
  duties: ['support', 'sales'],
};

/** The staff, in no order. */
export const PEOPLE: readonly [Person, ...Person[]] = [
  AMELIE,
  { id: 'u-1002', name: 'Jonas Weber', ip: '203.0.113.57', userAgent: CHROME_WINDOWS, duties: ['sales'] },
  {
    id: 'u-1003',
    name: 'Ngozi Okafor',
    ip: '198.51.100.12',
    userAgent: 'ShopScanner/4.2 (Android 14; Zebra TC58)',
    duties: ['warehouse'],
  },
  { id: 'u-1004', name: 'Priya Raman', ip: '2001:db8:4::1f', userAgent: FIREFOX_LINUX, duties: ['catalogue'] },
  MATEO,
  {
    id: 'u-1006',
    name: '佐藤 美咲',
    ip: '2001:db8:81:7::a2',
    userAgent: CHROME_WINDOWS,
    duties: ['catalogue', 'sales'],
  },
];

/** Those who may do something. */
export function peopleFor(duty: Duty): readonly [Person, ...Person[]] {
  const [first = AMELIE, ...others] = PEOPLE.filter((person) => person.duties.includes(duty));
  return [first, ...others];
}
