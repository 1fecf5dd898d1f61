import { setImmediate as nextLoop } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import {
  checkJsonSchema,
  compileArguments,
  compileForeignArguments,
} from '../../src/tools/json-schema.ts'

describe('compileArguments', () => {
  it('names every problem in one line', () => {
    const check = compileArguments({
      type: 'object',
      required: ['slot', 'name'],
      properties: { slot: { type: 'string' }, name: { type: 'string' } },
    })
    expect(check({ name: 3 })).toBe('slot: is required; name: must be string')
  })

  it('gives the path of a problem inside a value', () => {
    const check = compileArguments({
      properties: {
        who: { type: 'object', required: ['first/name'], additionalProperties: false },
      },
    })
    expect(check({ who: { x: 1 } })).toBe('who.first/name: is required; who.x: is not allowed')
  })

  it('lists the allowed values of an enumeration', () => {
    const check = compileArguments({ properties: { day: { enum: ['Mon', 'Tue'] } } })
    expect(check({ day: 'Sun' })).toBe('day: must be one of ["Mon","Tue"]')
  })

  it('shortens a long list of problems', () => {
    const required = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
    expect(compileArguments({ required })({})).toMatch(/^a: is required; .*; and 2 more$/)
  })

  it('takes a schema without a type for an object', () => {
    expect(compileArguments({})('text')).toBe('arguments: must be object')
    expect(compileArguments({})({ anything: true })).toBeNull()
  })

  it('never changes the type of an argument', () => {
    const check = compileArguments({ properties: { count: { type: 'integer' } } })
    expect(check({ count: '3' })).toBe('count: must be integer')
  })

  it('checks the formats it knows and ignores the others', () => {
    const check = compileArguments({
      properties: { at: { format: 'date-time' }, what: { format: 'no-such-format' } },
    })
    expect(check({ at: '2026-11-20T10:30:00Z', what: 'x' })).toBeNull()
    expect(check({ at: 'soon' })).toBe('at: must match format "date-time"')
  })

  it('accepts the same $id in two schemas and any dialect', () => {
    const schema = { $schema: 'https://json-schema.org/draft/2020-12/schema', $id: 'args' }
    expect(compileArguments({ ...schema, required: ['a'] })({})).toBe('a: is required')
    expect(compileArguments({ ...schema, required: ['b'] })({})).toBe('b: is required')
  })

  it('answers at once even if the schema says $async', () => {
    expect(compileArguments({ $async: true, required: ['a'] })({})).toBe('a: is required')
  })
})

describe('compileForeignArguments', () => {
  async function collectGarbage(): Promise<void> {
    await nextLoop()
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void // there with that flag
    collect()
  }

  it('checks like the other one', () => {
    const check = compileForeignArguments({ properties: { count: { type: 'integer' } } })
    expect(check?.({ count: '3' })).toBe('count: must be integer')
    expect(check?.({ count: 3 })).toBeNull()
  })

  it('is null for a schema that is not usable', () => {
    expect(compileForeignArguments({ properties: { a: { type: 'text' } } })).toBeNull()
    expect(compileForeignArguments({ $ref: 'http://127.0.0.1:1/a.json' })).toBeNull()
  })

  it('keeps nothing of a schema whose check is forgotten', async () => {
    const compile = (at: number): WeakRef<object> => {
      const properties = { [`p${at}`]: { type: 'string' } }
      expect(compileForeignArguments({ properties })?.({})).toBeNull()
      return new WeakRef(properties)
    }
    const kept = Array.from({ length: 20 }, (_, at) => compile(at))
    await collectGarbage()
    // The engine may hold on to the last one.
    expect(kept.filter((schema) => schema.deref() !== undefined).length).toBeLessThan(5)
  })
})

describe('checkJsonSchema', () => {
  it('finds nothing wrong with a usable schema', () => {
    const $defs = { name: { type: 'string' } }
    expect(checkJsonSchema({ $defs, properties: { name: { $ref: '#/$defs/name' } } })).toBeNull()
  })

  it('refuses a keyword with a wrong value', () => {
    expect(checkJsonSchema({ properties: { a: { type: 'text' } } })).toMatch(
      /^is not a usable JSON Schema: .*type/,
    )
  })

  it('refuses a reference to somewhere else, and does not load it', () => {
    expect(checkJsonSchema({ properties: { a: { $ref: 'http://127.0.0.1:1/a.json' } } })).toMatch(
      /^is not a usable JSON Schema: can't resolve reference/,
    )
  })

  it('refuses a schema for something that is not an object', () => {
    expect(checkJsonSchema({ type: 'array' })).toMatch(/^must have type: object/)
  })
})
