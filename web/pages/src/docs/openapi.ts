/** Reads an OpenAPI 3.1 description into what the page shows; pure. */

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly additionalProperties?: boolean | Schema;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: Schema;
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

interface RawOperation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly deprecated?: boolean;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content?: Content; readonly required?: boolean };
  readonly responses?: Readonly<Record<string, { readonly description?: string; readonly content?: Content }>>;
}

export interface OpenApi {
  readonly info: { readonly title: string; readonly version: string; readonly summary?: string; readonly description?: string };
  readonly tags?: readonly { readonly name: string; readonly description?: string }[];
  readonly paths?: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

/** One line of a table of fields. */
export interface Field {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly text: string;
  /** How deep it lies, from 0. */
  readonly depth: number;
}

export interface Operation {
  readonly id: string;
  readonly tag: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly deprecated: boolean;
  readonly parameters: readonly Field[];
  readonly body: readonly Field[];
  readonly hasJsonBody: boolean;
  readonly responses: readonly { readonly status: string; readonly description: string; readonly fields: readonly Field[] }[];
}

const METHODS = ["get", "post", "put", "patch", "delete"] as const;
/** Deeper than this a schema is named, not shown; it also bounds schemas that contain themselves. */
const DEEPEST = 3;

/** Every operation, in the order of the description, grouped by its first tag. */
export function operationsOf(api: OpenApi): readonly Operation[] {
  const found: Operation[] = [];
  for (const [path, methods] of Object.entries(api.paths ?? {})) {
    for (const method of METHODS) {
      const raw = methods[method];
      if (raw !== undefined) found.push(operation(api, path, method, raw));
    }
  }
  const tags = [...new Set(found.map((each) => each.tag))];
  return tags.flatMap((tag) => found.filter((each) => each.tag === tag));
}

function operation(api: OpenApi, path: string, method: string, raw: RawOperation): Operation {
  const body = raw.requestBody?.content?.["application/json"]?.schema;
  return {
    id: raw.operationId ?? `${method}${path.replace(/[^A-Za-z0-9]+/g, "-")}`,
    tag: raw.tags?.[0] ?? "Other",
    method: method.toUpperCase(),
    path,
    summary: raw.summary ?? "",
    description: raw.description ?? "",
    deprecated: raw.deprecated ?? false,
    parameters: (raw.parameters ?? []).map((each) => parameterField(api, each)),
    body: body === undefined ? [] : fieldsOf(api, body),
    hasJsonBody: body !== undefined,
    responses: Object.entries(raw.responses ?? {}).map(([status, response]) => ({
      status,
      description: response.description ?? "",
      fields: fieldsOf(api, response.content?.["application/json"]?.schema ?? {}),
    })),
  };
}

function parameterField(api: OpenApi, parameter: Parameter): Field {
  const schema = parameter.schema ?? {};
  return {
    name: parameter.name,
    type: `${typeOf(api, schema)}, in ${parameter.in}`,
    required: parameter.required ?? false,
    text: describe(schema, parameter.description),
    depth: 0,
  };
}

/** The fields of a schema, inner ones after their owner. */
export function fieldsOf(api: OpenApi, schema: Schema, depth = 0): readonly Field[] {
  const object = objectIn(api, schema);
  if (object === null) return [];
  return Object.entries(object.properties ?? {}).flatMap(([name, inner]) => [
    {
      name,
      type: typeOf(api, inner),
      required: object.required?.includes(name) ?? false,
      text: describe(inner, inner.description),
      depth,
    },
    ...(depth < DEEPEST ? fieldsOf(api, inner, depth + 1) : []),
  ]);
}

/** The object that a schema leads to through references, choices and lists; null for anything else. */
function objectIn(api: OpenApi, schema: Schema, hops = 0): Schema | null {
  if (hops > 8) return null;
  const real = resolve(api, schema);
  if (real.properties !== undefined) return real;
  const inner = [...(real.anyOf ?? []), ...(real.oneOf ?? []), ...(real.allOf ?? [])];
  if (real.items !== undefined) inner.push(real.items);
  for (const each of inner) {
    const object = objectIn(api, each, hops + 1);
    if (object !== null) return object;
  }
  return null;
}

function resolve(api: OpenApi, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  return api.components?.schemas?.[schema.$ref.replace("#/components/schemas/", "")] ?? {};
}

/** A type as one would say it: `text or null`, `list of PlaybackID`, `"public" or "signed"`. */
export function typeOf(api: OpenApi, schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
  const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (choices !== undefined) return [...new Set(choices.map((each) => typeOf(api, each)))].join(" or ");
  const types = typeof schema.type === "string" ? [schema.type] : (schema.type ?? []);
  return types.map((type) => named(api, schema, type)).join(" or ") || "anything";
}

function named(api: OpenApi, schema: Schema, type: string): string {
  if (type === "array") return schema.items === undefined ? "list" : `list of ${typeOf(api, schema.items)}`;
  return { string: "text", integer: "whole number", boolean: "true or false" }[type] ?? type;
}

function describe(schema: Schema, description: string | undefined): string {
  const parts = description ? [description] : [];
  if (schema.minimum !== undefined && schema.maximum !== undefined) parts.push(`${schema.minimum} to ${schema.maximum}.`);
  if (schema.default !== undefined && schema.default !== null) parts.push(`Default ${JSON.stringify(schema.default)}.`);
  return parts.join(" ");
}

/** A line for the shell that calls an operation. */
export function curlLine(operation: Operation, origin: string): string {
  const parts = ["curl", "-u TOKEN_ID:TOKEN_SECRET"];
  if (operation.method !== "GET") parts.push(`-X ${operation.method}`);
  parts.push(`'${origin}${operation.path}'`);
  if (operation.hasJsonBody) parts.push("-H 'Content-Type: application/json'", "-d '{}'");
  return parts.join(" ");
}
