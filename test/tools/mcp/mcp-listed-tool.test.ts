import { describe, expect, it } from 'vitest'
import { parseListedTool, toUsableSchema } from '../../../src/tools/mcp/mcp-listed-tool.ts'

function nested(levels: number): object {
  let schema: object = { type: 'string' }
  for (let level = 0; level < levels; level += 1) schema = { properties: { a: schema } }
  return schema
}

/** Each part refers to the next one twice: the work doubles at every step. */
function doubling(steps: number): object {
  const parts = Array.from({ length: steps }, (_, step) => [
    `s${step}`,
    step + 1 === steps
      ? {}
      : { allOf: [{ $ref: `#/$defs/s${step + 1}` }, { $ref: `#/$defs/s${step + 1}` }] },
  ])
  return { $ref: '#/$defs/s0', $defs: Object.fromEntries(parts) as object }
}

describe('the schema of a server', () => {
  it('is used as it came, but for the name of its dialect', () => {
    const usable = toUsableSchema({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      properties: { day: { type: 'string', pattern: '^([a-z0-9]*\\.)+[a-z]$' } },
      required: ['day'],
    })
    if (!usable.ok) throw new Error(usable.problem)
    expect(Object.keys(usable.schema)).toEqual(['type', 'properties', 'required'])
    expect(usable.check({})).toBe('day: is required')
    expect(usable.check({ day: 'a.b' })).toBeNull()
  })

  it.each([
    ['no schema', undefined, 'its schema is no JSON object'],
    ['a list', [], 'its schema is no JSON object'],
    ['another type', { type: 'string' }, 'its schema is not usable'],
    ['nonsense', { properties: { a: { type: 'nonsense' } } }, 'its schema is not usable'],
    ['a reference elsewhere', { $ref: 'https://mcp.invalid/s.json' }, 'its schema is not usable'],
    ['a reference to itself', { allOf: [{ $ref: '#' }] }, 'its schema is not usable'],
    ['many levels', nested(60), 'its schema is nested too deeply'],
    ['many letters', { description: 'é'.repeat(16_384) }, 'its schema is too large'],
    ['work without end', doubling(40), 'its schema has too many references'],
    [
      'a pattern without end',
      { properties: { a: { pattern: '^(a+)+$' } } },
      'its schema has a pattern that may never end',
    ],
  ])('is not used with %s', (_, schema, problem) => {
    expect(toUsableSchema(schema)).toEqual({ ok: false, problem })
  })
})

describe('a listed tool', () => {
  it('needs a name, and nothing else of it has to be right', () => {
    expect(parseListedTool({ description: 'nameless' })).toBeNull()
    expect(
      parseListedTool({ name: 'a', description: 7, inputSchema: 'x', annotations: [] }),
    ).toEqual({ name: 'a', inputSchema: 'x', saysItReads: false })
  })

  it.each([
    [{ readOnlyHint: true }, true],
    [{ readOnlyHint: 'true' }, false],
    [{ readOnlyHint: false, idempotentHint: true }, false],
    [undefined, false],
  ])('says with %j that it reads: %s', (annotations, saysItReads) => {
    const listed = parseListedTool({ name: 'a', inputSchema: {}, annotations })
    expect(listed).toMatchObject({ saysItReads })
  })
})
