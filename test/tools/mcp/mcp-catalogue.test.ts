import { describe, expect, it } from 'vitest'
import { Tools } from '../../../src/flow/tool-definition.ts'
import { createMcpCatalogue, type McpCatalogue } from '../../../src/tools/mcp/mcp-catalogue.ts'
import { parseListedTool, type ListedTool } from '../../../src/tools/mcp/mcp-listed-tool.ts'
import { recordingLog } from '../../support/mcp-bench.ts'

const SCHEMA = { type: 'object', properties: { day: { type: 'string' } }, required: ['day'] }

function catalogueOf(tool: object) {
  const { log, lines } = recordingLog()
  const tools = Tools.parse({ slots: { type: 'mcp', server: 's', tool: 'list_slots', ...tool } })
  const slots = tools['slots']
  if (slots?.type !== 'mcp') throw new Error('no MCP tool')
  const catalogue = createMcpCatalogue({ server: 's', tools: new Map([['slots', slots]]), log })
  return { catalogue, lines }
}

function list(...tools: readonly object[]): ReadonlyMap<string, ListedTool> {
  const parsed = tools.flatMap((tool) => parseListedTool(tool) ?? [])
  return new Map(parsed.map((tool) => [tool.name, tool]))
}

function listing(catalogue: McpCatalogue, tool: object): void {
  catalogue.update(list({ name: 'list_slots', inputSchema: SCHEMA, ...tool }))
}

describe('what the model is shown', () => {
  it('is nothing before the server was asked', () => {
    expect(catalogueOf({}).catalogue.offer('slots')).toBeNull()
  })

  it('is the description and the schema of the server, under our name', () => {
    const { catalogue } = catalogueOf({})
    listing(catalogue, { description: 'Free slots' })
    const offer = { name: 'slots', description: 'Free slots', parameters: SCHEMA }
    expect(catalogue.offer('slots')).toEqual(offer)
    expect(catalogue.checkOf('slots')?.({})).toBe('day: is required')
  })

  it('is our own description and schema if we have them, whatever the server has', () => {
    const parameters = { type: 'object', properties: { date: { type: 'string' } } }
    const { catalogue } = catalogueOf({ description: 'Ours', parameters })
    listing(catalogue, { description: 'Theirs', inputSchema: 'broken' })
    expect(catalogue.offer('slots')).toEqual({ name: 'slots', description: 'Ours', parameters })
    expect(catalogue.checkOf('slots')).toBeUndefined()
  })

  it('is a description of at most 1024 characters, none of them cut in half', () => {
    const { catalogue } = catalogueOf({})
    listing(catalogue, { description: `x${'🦷'.repeat(2000)}` })
    expect(catalogue.offer('slots')?.description).toBe(`x${'🦷'.repeat(1023)}`)
  })

  it('stays word for word the same when the server only orders its schema in another way', () => {
    const { catalogue } = catalogueOf({})
    listing(catalogue, { description: 'Free slots' })
    const before = JSON.stringify(catalogue.offer('slots'))
    const { type, properties, required } = SCHEMA
    listing(catalogue, { description: 'Free slots', inputSchema: { required, properties, type } })
    expect(JSON.stringify(catalogue.offer('slots'))).toBe(before)
  })

  it('changes with the server', () => {
    const { catalogue } = catalogueOf({})
    listing(catalogue, {})
    listing(catalogue, { inputSchema: { type: 'object', required: ['week'] } })
    expect(catalogue.checkOf('slots')?.({ day: 'mon' })).toBe('week: is required')
  })
})

describe('a tool that is left out', () => {
  it('is one that the server does not have, and the log says so once', () => {
    const { catalogue, lines } = catalogueOf({})
    catalogue.update(list({ name: 'drop_database', inputSchema: {} }))
    catalogue.update(list())
    expect(catalogue.offer('slots')).toBeNull()
    expect(catalogue.offer('drop_database')).toBeNull()
    const values = { server: 's', tool: 'slots', why: 'the server does not have it' }
    expect(lines).toEqual([{ level: 'warn', values, message: 'mcp tool left out' }])
  })

  it('is one whose schema is broken, until it is mended', () => {
    const { catalogue, lines } = catalogueOf({})
    listing(catalogue, { inputSchema: { type: 'string' } })
    expect(catalogue.offer('slots')).toBeNull()
    expect(lines.map(({ values }) => values['why'])).toEqual(['its schema is not usable'])
    listing(catalogue, {})
    expect(catalogue.offer('slots')).not.toBeNull()
  })
})

describe('the effect of a tool', () => {
  const READ = { annotations: { readOnlyHint: true } }

  it('is a write while nobody knows, and a read if the server says so', () => {
    const { catalogue } = catalogueOf({})
    expect(catalogue.effectOf('slots')).toBe('write')
    listing(catalogue, READ)
    expect(catalogue.effectOf('slots')).toBe('read')
  })

  it('turns from read to write at once, and never back', () => {
    const { catalogue } = catalogueOf({})
    listing(catalogue, READ)
    listing(catalogue, {})
    expect(catalogue.effectOf('slots')).toBe('write')
    listing(catalogue, READ)
    catalogue.update(list())
    listing(catalogue, READ)
    expect(catalogue.effectOf('slots')).toBe('write')
  })

  it.each([
    { effect: 'write' },
    { commit: 'settled' },
    { commit: 'confirmed' },
    { readback: 'Shall I?' },
    { compensate: { tool: 'cancel' } },
  ])('is a write where the configuration makes it one: %j', (tool) => {
    const { catalogue } = catalogueOf(tool)
    listing(catalogue, READ)
    expect(catalogue.effectOf('slots')).toBe('write')
  })

  it('is a read where the configuration says so, whatever the server says', () => {
    const { catalogue } = catalogueOf({ effect: 'read' })
    listing(catalogue, { annotations: { readOnlyHint: false, destructiveHint: true } })
    expect(catalogue.effectOf('slots')).toBe('read')
  })
})
