import { describe, expect, it } from "vitest";
import { curlLine, fieldsOf, type OpenApi, operationsOf, typeOf } from "../src/docs/openapi";
import { blocksOf } from "../src/docs/prose";

const api: OpenApi = {
  info: { title: "Vidstead", version: "1" },
  paths: {
    "/a/{id}": {
      get: {
        operationId: "get_a",
        tags: ["A"],
        parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }],
        responses: { "200": { description: "Found", content: { "application/json": { schema: { $ref: "#/components/schemas/Node" } } } } },
      },
    },
    "/b": { post: { tags: ["B"], requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/Node" } } } } } },
    "/a": { delete: { tags: ["A"] } },
  },
  components: {
    schemas: {
      Node: {
        type: "object",
        required: ["name"],
        properties: {
          name: { type: "string", description: "Its name." },
          limit: { type: "integer", minimum: 1, maximum: 100, default: 25 },
          next: { anyOf: [{ $ref: "#/components/schemas/Node" }, { type: "null" }] },
        },
      },
    },
  },
};

describe("a description", () => {
  it("is paragraphs, code and fenced blocks, and nothing else", () => {
    expect(blocksOf("Use `a` and\n<b>b</b>:\n\n```sh\ncurl x\n  y\n```\n\nThen go.")).toEqual([
      { kind: "text", parts: [{ code: false, text: "Use " }, { code: true, text: "a" }, { code: false, text: " and <b>b</b>:" }] },
      { kind: "code", text: "curl x\n  y" },
      { kind: "text", parts: [{ code: false, text: "Then go." }] },
    ]);
    expect(blocksOf("")).toEqual([]);
  });
});

describe("the reference", () => {
  it("groups operations by tag and keeps their order", () => {
    expect(operationsOf(api).map((each) => `${each.tag} ${each.method} ${each.path}`)).toEqual([
      "A GET /a/{id}",
      "A DELETE /a",
      "B POST /b",
    ]);
  });

  it("follows references, and ends where a schema contains itself", () => {
    const fields = fieldsOf(api, { $ref: "#/components/schemas/Node" });
    expect(fields[0]).toEqual({ name: "name", type: "text", required: true, text: "Its name.", depth: 0 });
    expect(fields[1]?.text).toBe("1 to 100. Default 25.");
    expect(Math.max(...fields.map((field) => field.depth))).toBe(3);
  });

  it("names types in words", () => {
    expect(typeOf(api, { type: "array", items: { type: "integer" } })).toBe("list of whole number");
    expect(typeOf(api, { enum: ["public", "signed"] })).toBe('"public" or "signed"');
    expect(typeOf(api, {})).toBe("anything");
  });

  it("writes a line for the shell", () => {
    const [get, , post] = operationsOf(api);
    expect(curlLine(get!, "http://h")).toBe("curl -u TOKEN_ID:TOKEN_SECRET 'http://h/a/{id}'");
    expect(curlLine(post!, "http://h")).toContain("-X POST 'http://h/b' -H 'Content-Type: application/json' -d '{}'");
  });
});
