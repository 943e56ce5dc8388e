/**
 * TypeScript for what the console needs of the OpenAPI document: an interface a component, and one of all operations,
 * by method and path below the base. Covers what our document has of JSON Schema, and throws at anything else.
 */
export function apiTypes(document: OpenApiDocument): string {
  const used = new Set<string>();
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) => operationType(path, method, operation, used)),
  );
  // A component may name others, which the loop then comes to.
  const components: string[] = [];
  for (const name of used) {
    const schema = document.components.schemas[name];
    if (schema === undefined) throw new Error(`the document names ${name}, and does not have it`);
    components.push(`export type ${name} = ${typeOf(schema, used, '')};`);
  }
  return [
    '// Made from the OpenAPI document by `npm run console:types`: not to be edited.',
    ...components.toSorted(),
    `export interface Operations {\n${operations.toSorted().join('\n')}\n}`,
    '',
  ].join('\n\n');
}

export interface OpenApiDocument {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, Schema> };
}

interface Operation {
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema: Schema }[];
  readonly requestBody?: { readonly content: Record<string, { schema: Schema }> };
  readonly responses: Record<string, { readonly content?: Record<string, { schema: Schema }> }>;
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Record<string, Schema>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
}

const BASE = '/api/v1';

function operationType(path: string, method: string, operation: Operation, used: Set<string>): string[] {
  if (!path.startsWith(BASE)) return [];
  const of = (kind: string): string => {
    const members = (operation.parameters ?? [])
      .filter((parameter) => parameter.in === kind)
      // Of a query, one value stands for a list of one.
      .map(({ name, required, schema }) => `${property(name, required === true)}: ${parameterType(schema, used)};`);
    return members.length === 0 ? '{}' : `{ ${members.join(' ')} }`;
  };
  const body = operation.requestBody?.content['application/json']?.schema;
  const answer = ['200', '201'].map((status) => operation.responses[status]?.content?.['application/json']?.schema);
  for (const { content } of Object.values(operation.responses)) {
    const problem = content?.['application/problem+json']?.schema;
    if (problem !== undefined) typeOf(problem, used, '');
  }
  const lines = [
    `  '${method.toUpperCase()} ${path.slice(BASE.length)}': {`,
    `    path: ${of('path')};`,
    `    query: ${of('query')};`,
    `    body: ${body === undefined ? 'undefined' : typeOf(body, used, '    ')};`,
    `    answer: ${typeOf(answer.find((schema) => schema !== undefined) ?? { type: 'null' }, used, '    ')};`,
    '  };',
  ];
  return [lines.join('\n')];
}

function parameterType(schema: Schema, used: Set<string>): string {
  if (schema.type === 'array') return `string | readonly string[]`;
  return schema.enum === undefined && schema.type === 'string' ? 'string' : typeOf(schema, used, '');
}

function typeOf(schema: Schema, used: Set<string>, indent: string): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.slice('#/components/schemas/'.length);
    used.add(name);
    return name;
  }
  if (schema.enum !== undefined) return schema.enum.map((value) => literal(value)).join(' | ');
  if (schema.const !== undefined) return literal(schema.const);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return choices.map((each) => typeOf(each, used, indent)).join(' | ');
  if (typeof schema.type === 'object') {
    return schema.type.map((type) => typeOf({ ...schema, type }, used, indent)).join(' | ');
  }
  switch (schema.type) {
    case 'string':
      return 'string';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'null':
      return 'null';
    case 'array':
      return `readonly (${typeOf(schema.items ?? {}, used, indent)})[]`;
    case 'object':
      return objectType(schema, used, indent);
    case undefined:
      return 'unknown';
    default:
      throw new Error(`${schema.type} is no type that the console knows`);
  }
}

function objectType(schema: Schema, used: Set<string>, indent: string): string {
  if (schema.properties === undefined) {
    const values = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {};
    return `Readonly<Record<string, ${typeOf(values, used, indent)}>>`;
  }
  const inner = `${indent}  `;
  const members = Object.entries(schema.properties).map(
    ([name, each]) =>
      `${inner}readonly ${property(name, schema.required?.includes(name) === true)}: ${typeOf(each, used, inner)};`,
  );
  return `{\n${members.join('\n')}\n${indent}}`;
}

function property(name: string, required: boolean): string {
  return `${/^\w+$/.test(name) ? name : `'${name}'`}${required ? '' : '?'}`;
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
