import { expect, test } from 'vitest';
import { recordLink } from '../../../src/http/record-link.ts';

const LINKS = new Map([
  [
    'shop',
    {
      'public.orders': 'https://shop.example/orders/{id}',
      'public.lines': 'https://shop.example/orders/{order_id}/lines/{line no}?from=rowtrail#{id}',
      'public.all': 'http://shop.example/',
    },
  ],
]);

test.each([
  ['public.orders', '{"id":42}', 'https://shop.example/orders/42'],
  ['public.orders', '{"id":9007199254740993}', 'https://shop.example/orders/9007199254740993'],
  ['public.orders', '{"id":"a/b?c#d&é 1"}', 'https://shop.example/orders/a%2Fb%3Fc%23d%26%C3%A9%201'],
  ['public.orders', '{"id":"javascript:alert(1)"}', 'https://shop.example/orders/javascript%3Aalert(1)'],
  ['public.orders', '{"id":"{id}"}', 'https://shop.example/orders/%7Bid%7D'],
  ['public.orders', '{"id":"$&"}', 'https://shop.example/orders/%24%26'],
  [
    'public.lines',
    '{"order_id":7,"line no":"1","id":true}',
    'https://shop.example/orders/7/lines/1?from=rowtrail#true',
  ],
  ['public.all', '{}', 'http://shop.example/'],
])('%s %s is at %s', (table, image, link) => {
  expect(recordLink(LINKS, 'shop', table, image)).toBe(link);
});

test.each([
  ['public.orders', '{"id":".."}'],
  ['public.orders', '{"id":""}'],
  ['public.orders', '{"id":null}'],
  ['public.orders', '{"id":{"a":1}}'],
  ['public.orders', String.raw`{"id":"\ud800"}`],
  ['public.orders', '{"other":1}'],
  ['public.orders', null],
  ['public.products', '{"id":1}'],
  ['toString', '{"id":1}'],
])('%s %s is nowhere', (table, image) => {
  expect(recordLink(LINKS, 'shop', table, image)).toBeNull();
});

test('another source has links of its own', () => {
  expect(recordLink(LINKS, 'office', 'public.orders', '{"id":1}')).toBeNull();
});
