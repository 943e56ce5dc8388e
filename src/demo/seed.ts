import { between, pick, type Random } from './random.ts';
import type { Statement } from './step.ts';

const ORDERS = 60;
const OLDEST_ORDER_DAYS = 40;

/** The statements that fill an empty shop; orders are dated back from now. */
export function seedStatements(random: Random): Statement[] {
  const customers = CUSTOMERS.map(([name, email, country]) => ({
    name,
    email,
    country,
    phone: random() < 0.8 ? `+${between(random, 30, 99)} 5550 ${between(random, 100_000, 999_999)}` : null,
    marketing_consent: random() < 0.4,
    preferences: { language: LANGUAGES[country] ?? 'en', newsletter: random() < 0.5 ? 'weekly' : 'never' },
    age_days: between(random, 50, 900),
  }));
  const products = PRODUCTS.map(([sku, name, category, price, attributes]) => ({
    sku,
    name,
    category,
    price,
    stock: between(random, 20, 400),
    attributes,
  }));
  return [
    { sql: INSERT_CUSTOMERS, params: [JSON.stringify(customers)] },
    { sql: INSERT_PRODUCTS, params: [JSON.stringify(products)] },
    { sql: INSERT_ORDERS, params: [JSON.stringify(seedOrders(random))] },
    { sql: INSERT_ITEMS, params: [JSON.stringify(seedItems(random))] },
    { sql: ADD_UP, params: [] },
  ];
}

const INSERT_CUSTOMERS = `
  insert into public.customers (name, email, country, phone, marketing_consent, preferences, created_at)
  select x.name, x.email, x.country, x.phone, x.marketing_consent, x.preferences, now() - make_interval(days => x.age_days)
  from jsonb_to_recordset($1::jsonb) as x(name text, email text, country text, phone text, marketing_consent boolean,
    preferences jsonb, age_days integer)`;

const INSERT_PRODUCTS = `
  insert into public.products (sku, name, category, price, list_price, stock, attributes)
  select x.sku, x.name, x.category, x.price, x.price, x.stock, x.attributes
  from jsonb_to_recordset($1::jsonb) as x(sku text, name text, category text, price numeric, stock integer, attributes jsonb)`;

const INSERT_ORDERS = `
  insert into public.orders (customer_id, status, shipping_address, placed_at)
  select c.id, x.status, jsonb_build_object('name', c.name, 'country', c.country), now() - make_interval(hours => x.age_hours)
  from jsonb_to_recordset($1::jsonb) as x(customer integer, status text, age_hours integer)
  join (select *, row_number() over (order by id) - 1 as place from public.customers) c on c.place = x.customer
  order by x.age_hours desc`;

const INSERT_ITEMS = `
  insert into public.order_items (order_id, line_no, product_id, quantity, unit_price)
  select o.id, x.line_no, p.id, x.quantity, p.price
  from jsonb_to_recordset($1::jsonb) as x("order" integer, line_no integer, product integer, quantity integer)
  join (select id, row_number() over (order by id) - 1 as place from public.orders) o on o.place = x."order"
  join (select id, price, row_number() over (order by id) - 1 as place from public.products) p on p.place = x.product`;

const ADD_UP = `
  update public.orders o set total = s.total
  from (select order_id, sum(quantity * unit_price) as total from public.order_items group by order_id) s
  where s.order_id = o.id`;

function seedOrders(random: Random): { customer: number; status: string; age_hours: number }[] {
  return Array.from({ length: ORDERS }, () => {
    const ageHours = between(random, 1, OLDEST_ORDER_DAYS * 24);
    const status =
      ageHours > 10 * 24
        ? pick(random, ['delivered', 'delivered', 'delivered', 'cancelled'])
        : pick(random, ['new', 'paid', 'packed', 'shipped']);
    return { customer: between(random, 0, CUSTOMERS.length - 1), status, age_hours: ageHours };
  });
}

function seedItems(random: Random): { order: number; line_no: number; product: number; quantity: number }[] {
  return Array.from({ length: ORDERS }, (_, order) =>
    Array.from({ length: between(random, 1, 4) }, (_line, index) => ({
      order,
      line_no: index + 1,
      product: between(random, 0, PRODUCTS.length - 1),
      quantity: between(random, 1, 3),
    })),
  ).flat();
}

const LANGUAGES: Readonly<Record<string, string>> = {
  DE: 'de',
  AT: 'de',
  FR: 'fr',
  ES: 'es',
  MX: 'es',
  JP: 'ja',
  PL: 'pl',
  BR: 'pt',
  IT: 'it',
  SE: 'sv',
  TR: 'tr',
  GR: 'el',
  CZ: 'cs',
};

const CUSTOMERS: readonly (readonly [name: string, email: string, country: string])[] = [
  ['Zoë van der Berg', 'zoe.vanderberg@example.com', 'NL'],
  ['Łukasz Wójcik', 'lukasz.wojcik@example.org', 'PL'],
  ['Chidinma Eze', 'chidinma.eze@example.net', 'NG'],
  ['Sean O’Brien', 'sean.obrien@example.com', 'IE'],
  ['François Lefèvre', 'francois.lefevre@example.org', 'FR'],
  ['Ana Beatriz Souza', 'ana.souza@example.net', 'BR'],
  ['田中 健', 'tanaka.ken@example.com', 'JP'],
  ['Giulia D’Angelo', 'giulia.dangelo@example.org', 'IT'],
  ['Åsa Lindqvist', 'asa.lindqvist@example.net', 'SE'],
  ['Mehmet Yıldız', 'mehmet.yildiz@example.com', 'TR'],
  ['Ελένη Παπαδοπούλου', 'eleni.papadopoulou@example.org', 'GR'],
  ['José Hernández Núñez', 'jose.hernandez@example.net', 'MX'],
  ['Nguyễn Thị Lan', 'lan.nguyen@example.com', 'VN'],
  ['Aoife Ní Bhriain', 'aoife.nibhriain@example.org', 'IE'],
  ['Jürgen Groß', 'juergen.gross@example.net', 'DE'],
  ['Олена Шевченко', 'olena.shevchenko@example.com', 'UA'],
  ['Fatima Zahra El Amrani', 'fatima.elamrani@example.org', 'MA'],
  ['Oluwaseun Adeyemi', 'seun.adeyemi@example.net', 'NG'],
  ['Marie-Claire Dubois', 'mc.dubois@example.com', 'FR'],
  ['Jan Novák', 'jan.novak@example.org', 'CZ'],
  ['김민준', 'minjun.kim@example.net', 'KR'],
  ['Sofía Ibáñez', 'sofia.ibanez@example.com', 'ES'],
  ['Björn Þórsson', 'bjorn.thorsson@example.org', 'IS'],
  ['Leila Haddad', 'leila.haddad@example.net', 'LB'],
  ['Rajesh Kumar', 'rajesh.kumar@example.com', 'IN'],
  ['Emily Carter', 'emily.carter@example.org', 'US'],
  ['Kwame Mensah', 'kwame.mensah@example.net', 'GH'],
  ['Katarzyna Żak', 'katarzyna.zak@example.com', 'PL'],
  ['Noah Müller', 'noah.mueller@example.org', 'AT'],
  ['陈伟', 'chen.wei@example.net', 'CN'],
  ['Ingrid Østby', 'ingrid.ostby@example.com', 'NO'],
  ['Yael Ben-David', 'yael.bendavid@example.org', 'IL'],
  ['Tiago Gonçalves', 'tiago.goncalves@example.net', 'PT'],
  ['Aroha Ngata', 'aroha.ngata@example.com', 'NZ'],
  ['Camille Tremblay', 'camille.tremblay@example.org', 'CA'],
  ['Ahmed Hassan', 'ahmed.hassan@example.net', 'EG'],
];

type SeedProduct = readonly [sku: string, name: string, category: string, price: string, attributes: object];

const PRODUCTS: readonly SeedProduct[] = [
  ['CF-ETH-250', 'Yirgacheffe beans, 250 g', 'coffee', '11.90', { origin: 'Ethiopia', roast: 'light', grams: 250 }],
  ['CF-COL-250', 'Huila beans, 250 g', 'coffee', '10.50', { origin: 'Colombia', roast: 'medium', grams: 250 }],
  ['CF-BRA-1000', 'Cerrado beans, 1 kg', 'coffee', '29.00', { origin: 'Brazil', roast: 'dark', grams: 1000 }],
  ['CF-KEN-250', 'Nyeri AA beans, 250 g', 'coffee', '13.40', { origin: 'Kenya', roast: 'light', grams: 250 }],
  ['CF-DEC-250', 'Decaf blend, 250 g', 'coffee', '10.90', { roast: 'medium', grams: 250, decaf: true }],
  ['TE-SEN-100', 'Sencha, 100 g', 'tea', '9.80', { origin: 'Japan', grams: 100 }],
  ['TE-DAR-100', 'Darjeeling first flush, 100 g', 'tea', '14.20', { origin: 'India', grams: 100 }],
  ['TE-EAR-100', 'Earl Grey, 100 g', 'tea', '7.60', { grams: 100, flavour: 'bergamot' }],
  ['TE-ROO-100', 'Rooibos, 100 g', 'tea', '6.90', { origin: 'South Africa', grams: 100, caffeine: false }],
  ['TE-OOL-100', 'Tie Guan Yin oolong, 100 g', 'tea', '16.50', { origin: 'China', grams: 100 }],
  ['GR-HAND-01', 'Hand grinder', 'grinders', '89.00', { burrs: 'steel', weight_kg: 0.6 }],
  ['GR-ELEC-01', 'Electric grinder', 'grinders', '249.00', { burrs: 'ceramic', weight_kg: 3.1, volts: [110, 230] }],
  ['GR-ELEC-02', 'Flat-burr grinder', 'grinders', '449.00', { burrs: 'steel', weight_kg: 5.4, volts: [230] }],
  ['BR-V60-02', 'Pour-over dripper', 'brewing', '19.50', { material: 'ceramic', cups: 4 }],
  ['BR-PRESS-08', 'French press, 1 l', 'brewing', '34.90', { material: 'glass', litres: 1.0 }],
  ['BR-MOKA-06', 'Stovetop pot, 6 cups', 'brewing', '42.00', { material: 'aluminium', cups: 6 }],
  ['BR-KETTLE-1', 'Gooseneck kettle', 'brewing', '79.00', { litres: 0.9, watts: 1200 }],
  ['BR-SCALE-1', 'Scale with timer', 'brewing', '54.00', { grams_max: 2000, precision: 0.1 }],
  ['BR-FILTER-100', 'Paper filters, 100 pieces', 'brewing', '6.50', { size: '02', bleached: false }],
  ['CU-ESP-2', 'Espresso cups, set of 2', 'cups', '18.00', { ml: 80, colours: ['white', 'indigo'] }],
  ['CU-MUG-1', 'Stoneware mug', 'cups', '14.50', { ml: 350, colours: ['sand', 'moss', 'slate'] }],
  ['CU-GLASS-4', 'Latte glasses, set of 4', 'cups', '26.00', { ml: 300, dishwasher: true }],
  ['CU-TRAVEL-1', 'Travel mug', 'cups', '29.90', { ml: 450, vacuum: true }],
  ['MA-LEVER-1', 'Lever espresso machine', 'machines', '799.00', { bar: 9, weight_kg: 5.5 }],
  ['MA-AUTO-1', 'Bean-to-cup machine', 'machines', '1149.00', { bar: 15, weight_kg: 9.8, grinder: true }],
  ['MA-CLEAN-1', 'Cleaning tablets, 50 pieces', 'machines', '12.90', { pieces: 50 }],
];
