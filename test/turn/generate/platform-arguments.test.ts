import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { completeArguments } from '../../../src/turn/generate/platform-arguments.ts'

const TEXT = { type: 'string' }

interface Offered {
  readonly name?: string
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, unknown>>
}

function complete(
  { name = 'end_call', required = [], properties = {} }: Offered,
  text: string,
  variables: Readonly<Record<string, unknown>> = {},
) {
  return completeArguments(
    { name, parameters: { type: 'object', required, properties } },
    text,
    variables,
  )
}

const good = (text: string) => ({ ok: true, arguments: text })
const bad = (problem: string) => ({ ok: false, problem })

describe('the text of the arguments', () => {
  it('stays byte for byte where nothing has to change', () => {
    const text = ' { "reason" : "\\u00e9", "more": [1.0] }\n'
    expect(complete({ required: ['reason'], properties: { reason: TEXT } }, text)).toEqual(
      good(text),
    )
    expect(completeArguments({ name: 'end_call' }, text, {})).toEqual(good(text))
  })

  it.each(['', '  ', 'null', ' null\n'])(
    'that says nothing, %j, counts as no arguments',
    (text) => {
      expect(complete({}, text)).toEqual(good('{}'))
      expect(completeArguments({ name: 'end_call' }, text, {})).toEqual(good('{}'))
    },
  )

  it.each(['{"a":', '[]', '"text"', '3', 'undefined'])(
    'must be an object, which %j is not',
    (text) => {
      expect(complete({}, text)).toEqual(bad('arguments: must be a JSON object'))
    },
  )
})

describe('a required argument that is missing', () => {
  it.each([
    ['const', { type: 'string', const: 'done', default: 'other' }, '{"reason":"done"}'],
    ['default', { type: 'string', default: 'done' }, '{"reason":"done"}'],
    ['only choice', { enum: ['done'] }, '{"reason":"done"}'],
  ])('is filled from its %s', (_, reason, filled) => {
    const offered = { required: ['reason'], properties: { reason } }
    expect(complete(offered, '{}', { reason: 'variable' })).toEqual(good(filled))
  })

  it('is filled from the variable of its name', () => {
    const offered = {
      required: ['agent_number'],
      properties: { agent_number: { type: 'integer' } },
    }
    expect(complete(offered, '{"why":"x"}', { agent_number: 2 })).toEqual(
      good('{"why":"x","agent_number":2}'),
    )
  })

  it.each([['two'], [2.5], [null], [Number.NaN], [10n]])(
    'is not filled from a variable that does not fit: %s',
    (value) => {
      const offered = { required: ['number'], properties: { number: { type: 'integer' } } }
      expect(complete(offered, '{}', { number: value })).toEqual(bad('number is missing'))
    },
  )

  it('is not filled with a default that its own schema refuses', () => {
    const language = { type: 'string', enum: ['en', 'no'], default: 'xx' }
    const offered = { required: ['language'], properties: { language } }
    expect(complete(offered, '{}', { language: 'xy' })).toEqual(bad('language is missing'))
    expect(complete(offered, '{}', { language: 'no' })).toEqual(good('{"language":"no"}'))
  })

  it('is asked for in the words of its description', () => {
    const properties = { reason: { type: 'string', description: 'why\n the call  ends' } }
    expect(complete({ required: ['reason', 'to'], properties }, '{}')).toEqual(
      bad('reason is missing: why the call ends; to is missing'),
    )
  })

  it.each([
    ['null', TEXT, null],
    ['an empty text that must not be empty', { type: 'string', minLength: 1 }, ' '],
  ])('may also be %s', (_, reason, given) => {
    const offered = { required: ['reason'], properties: { reason } }
    expect(complete(offered, JSON.stringify({ reason: given }))).toEqual(bad('reason is missing'))
    expect(complete(offered, JSON.stringify({ reason: given }), { reason: 'done' })).toEqual(
      good('{"reason":"done"}'),
    )
  })

  it.each([
    [{ type: ['string', 'null'] }, null],
    [{ type: 'string', nullable: true }, null],
    [{ enum: ['a', null] }, null],
    [TEXT, ''],
  ])('is there where %j takes %j for a value', (reason, given) => {
    const text = JSON.stringify({ reason: given })
    expect(complete({ required: ['reason'], properties: { reason } }, text)).toEqual(good(text))
  })

  it.each(['toString', '__proto__', 'constructor'])('is missing also under the name %s', (name) => {
    expect(complete({ required: [name] }, '{}')).toEqual(bad(`${name} is missing`))
  })
})

describe('the text that the platform speaks', () => {
  const spoken = { type: 'string', description: 'farewell' }

  it.each([
    ['end_call', 'message', 'system__message_to_speak'],
    ['end_call', 'system__message_to_speak', 'message'],
    ['transfer_to_number', 'client_message', 'system__message_to_speak'],
    ['transfer_to_number', 'system__message_to_speak', 'client_message'],
  ])('of %s moves from %s to %s where that is required', (name, from, to) => {
    const text = JSON.stringify({ [from]: 'Bye.' })
    const moved = good(JSON.stringify({ [to]: 'Bye.' }))
    expect(complete({ name, required: [to], properties: { [to]: spoken } }, text)).toEqual(moved)
    const both = { [to]: spoken, [from]: spoken }
    expect(complete({ name, required: [to], properties: both }, text)).toEqual(moved)
  })

  it('stands under both names where both are required', () => {
    const required = ['message', 'system__message_to_speak']
    const result = complete({ required }, '{"message":"Bye."}')
    expect(result).toEqual(good('{"message":"Bye.","system__message_to_speak":"Bye."}'))
  })

  it('is not taken from what a tool of another name declares for itself', () => {
    const properties = { message: TEXT, system__message_to_speak: spoken }
    const sms = { name: 'send_sms', properties }
    const required = ['system__message_to_speak']
    expect(complete({ ...sms, required }, '{"message":"Code 1"}')).toEqual(
      bad('system__message_to_speak is missing: farewell'),
    )
    const said = '{"system__message_to_speak":"Sent."}'
    expect(complete({ ...sms, required: ['message'] }, said)).toEqual(bad('message is missing'))
  })

  it('is missing when it is blank', () => {
    const offered = { required: ['message'], properties: { message: spoken } }
    expect(complete(offered, '{"message":"","system__message_to_speak":" "}')).toEqual(
      bad('message is missing: farewell'),
    )
  })

  it('stays where it is optional', () => {
    const text = '{"message":"Bye."}'
    expect(complete({ properties: { system__message_to_speak: spoken } }, text)).toEqual(good(text))
  })
})

describe('an argument that is given', () => {
  it.each([
    [{ type: 'string' }, '{"a":3}', 'a must be string'],
    [{ type: 'integer' }, '{"a":2.5}', 'a must be integer'],
    [{ type: 'integer' }, '{"a":"2.5"}', 'a must be integer'],
    [{ type: 'number' }, '{"a":"many"}', 'a must be number'],
    [{ type: 'number' }, '{"a":"03"}', 'a must be number'],
    [{ type: 'number' }, '{"a":"12345678901234567890"}', 'a must be number'],
    [{ type: 'number' }, '{"a":1e999}', 'a must be number'],
    [{ type: ['boolean', 'null'] }, '{"a":"yes"}', 'a must be boolean or null'],
    [{ type: 'object' }, '{"a":[]}', 'a must be object'],
    [{ type: 'array' }, '{"a":{}}', 'a must be array'],
    [{ enum: ['en', 'no', 1] }, '{"a":"xx"}', 'a must be one of "en", "no", 1'],
    [{ const: 'en' }, '{"a":"no"}', 'a must be one of "en"'],
  ])('is held against %j', (a, text, problem) => {
    expect(complete({ properties: { a } }, text)).toEqual(bad(problem))
    expect(complete({ required: ['a'], properties: { a } }, text)).toEqual(bad(problem))
  })

  it.each([
    [{ type: 'integer' }, '{"a":"3","b":"4"}', '{"a":3,"b":"4"}'],
    [{ type: 'number' }, '{"a":" -2.5 "}', '{"a":-2.5}'],
    [{ type: 'integer', enum: [1, 2] }, '{"a":"2"}', '{"a":2}'],
  ])('becomes the number that it spells where %j wants one', (a, text, coerced) => {
    expect(complete({ properties: { a } }, text)).toEqual(good(coerced))
  })

  it.each([
    [{ type: ['string', 'integer'] }, '{"a":"3"}'],
    [{ type: 'word' }, '{"a":3}'],
    [{ type: [] }, '{"a":3}'],
    [true, '{"a":3}'],
    [{ enum: 'en' }, '{"a":3}'],
    [{ enum: [{ b: 1 }] }, '{"a":{"b":1}}'],
    [{ pattern: '(a+)+$', $ref: '#/x' }, `{"a":"${'a'.repeat(50)}!"}`],
  ])('stays where %j does not forbid it', (a, text) => {
    expect(complete({ properties: { a } }, text)).toEqual(good(text))
  })

  it('is left out where it is an optional null that the schema does not take', () => {
    const properties = { a: TEXT, b: { enum: ['x'] }, c: {} }
    expect(complete({ properties }, '{"a":null,"b":null,"c":null}')).toEqual(good('{"c":null}'))
  })

  it('stays when others change, whatever its name', () => {
    const offered = { properties: { n: { type: 'integer' } } }
    expect(complete(offered, '{"__proto__":{"x":1},"n":"1","other":null}')).toEqual(
      good('{"__proto__":{"x":1},"n":1,"other":null}'),
    )
  })
})

describe('hostile input', () => {
  it('gives a short problem however much is missing', () => {
    const required = Array.from({ length: 10_000 }, (_, at) => `${at}${'x'.repeat(1000)}`)
    const properties = Object.fromEntries(
      required.map((name) => [name, { description: 'y '.repeat(5000) }]),
    )
    const result = complete({ required, properties }, '{}')
    expect(result).toMatchObject({ ok: false })
    expect(JSON.stringify(result).length).toBeLessThan(2000)
  })

  it('does not write arguments again that are nested too deeply', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
    const offered = { properties: { n: { type: 'integer' } } }
    expect(complete(offered, `{"n":"1","deep":${deep}}`)).toEqual(
      bad('arguments: are nested too deeply'),
    )
  })

  it('never throws, and what it accepts stays accepted and unchanged', () => {
    const name = fc.constantFrom(
      'a',
      'message',
      'system__message_to_speak',
      '__proto__',
      'toString',
    )
    const keyword = fc.constantFrom(
      ...['type', 'const', 'default', 'enum', 'minLength', 'nullable', 'description', 'valueOf'],
    )
    const word = fc.constantFrom('string', 'integer', 'number', 'null', 'object', 'x', '3')
    const value = fc.oneof(word, fc.array(word, { maxLength: 2 }), fc.jsonValue(), fc.integer())
    const schema = fc.oneof(fc.dictionary(keyword, value), value)
    const objects = fc.dictionary(
      name,
      fc.oneof(value, fc.constant({ toString: 1, valueOf: 1 }), fc.constant('3')),
    )
    const parameters = fc.record(
      {
        required: fc.oneof(fc.array(fc.oneof(name, value)), value),
        properties: fc.oneof(fc.dictionary(name, schema), value),
      },
      { requiredKeys: [] },
    )
    const text = fc.oneof(
      objects.map((args) => JSON.stringify(args)),
      fc.string(),
    )
    fc.assert(
      fc.property(parameters, text, objects, (wanted, args, variables) => {
        const tool = { name: 'end_call', parameters: wanted }
        const result = completeArguments(tool, args, variables)
        if (!result.ok) {
          expect(result.problem).not.toBe('')
          return
        }
        const given = new Set(Object.keys(JSON.parse(result.arguments) as object)) // it was accepted
        for (const key of Array.isArray(wanted.required) ? wanted.required : []) {
          if (typeof key === 'string') expect(given).toContain(key)
        }
        expect(completeArguments(tool, result.arguments, variables)).toEqual(result)
      }),
      { numRuns: 500 },
    )
  })
})
