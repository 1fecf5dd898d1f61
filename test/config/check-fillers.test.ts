import { describe, expect, it } from 'vitest'
import { MINIMAL, parse, problemsOf } from '../support/parse-config.ts'

const ENDING = 'end in three dots and one space, or voices glue the next text to it; write'

interface Places {
  readonly top?: string
  readonly state?: string
  readonly tool?: string
  readonly message?: string
}

function problems({ top, state, tool, message }: Places): readonly string[] {
  const more = state === undefined ? '' : `, filler: ${state}`
  const keys = [
    ...(tool === undefined ? [] : [`filler: ${tool}`]),
    ...(message === undefined ? [] : [`execution_message: ${message}`]),
  ]
  const text = `${MINIMAL.replace('Talk. }', `Talk., tools: [t]${more} }`)}
tools: { t: { ${['type: static, result: x', ...keys].join(', ')} } }
${top === undefined ? '' : `filler: ${top}`}
`
  return problemsOf(parse(text)).map((line) => line.replace(/^\S+ /, ''))
}

const GOOD = '{ texts: ["One moment... "] }'

describe('the texts of fillers', () => {
  it.each([
    [{ top: GOOD, state: GOOD, tool: '{ texts: { en: ["A... "], de: ["B... ", "C... "] } }' }],
    [{ top: GOOD, state: '{ after_ms: 500 }', tool: '{ again_after_ms: 100 }' }],
    [{ state: GOOD, tool: 'false' }],
    [{ state: 'false' }],
  ])('are in order in %j', (places) => {
    expect(problems(places)).toEqual([])
  })

  it('must end so that nothing is glued to them, in every place and language', () => {
    const found = problems({
      top: '{ texts: ["A... ", "One moment"] }',
      state: '{ texts: { en: ["A... "], de: ["Moment ...", "Ja…"] } }',
      tool: '{ texts: ["Wait....  "] }',
    })
    expect(found).toEqual([
      `error flow.states.talk.filler.texts.de[0]: must ${ENDING} "Moment... "`,
      `error flow.states.talk.filler.texts.de[1]: must ${ENDING} "Ja... "`,
      `error tools.t.filler.texts[0]: must ${ENDING} "Wait... "`,
      `error filler.texts[1]: must ${ENDING} "One moment... "`,
    ])
  })

  it('are no templates', () => {
    expect(problems({ top: '{ texts: ["One moment, {{name}}... "] }' })).toEqual([
      'error filler.texts[0]: is said as it is: a filler has no {{templates}}',
    ])
  })

  it('must be somewhere', () => {
    const message = 'needs texts, as there is no filler at the top of the file to take them from'
    expect(problems({ state: '{ after_ms: 5 }', tool: '{ after_ms: 5 }' })).toEqual([
      `error flow.states.talk.filler: ${message}`,
      `error tools.t.filler: ${message}`,
    ])
    expect(problems({ top: '{ after_ms: 5 }' })).toEqual(['error filler.texts: is required'])
  })
})

it.each([
  [{ top: '{ texts: ["A... "], after_ms: 1.5 }' }, 'filler.after_ms: must be a whole number'],
  [{ top: '{ texts: ["A... "], again_after_ms: 99 }' }, 'filler.again_after_ms: must be at least'],
  [{ top: '{ texts: ["A... "], after_ms: 600001 }' }, 'filler.after_ms: must be at most 600000'],
  [{ state: 'true' }, 'flow.states.talk.filler: must be false or a mapping'],
  [{ tool: '{ texts: Wait }' }, 'tools.t.filler.texts: must be a list or a mapping'],
  [{ top: GOOD, tool: '{ text: [x] }' }, 'tools.t.filler.text: unknown key; did you mean "texts"'],
])('refuses %j', (places, expected) => {
  expect(problems(places).join('\n')).toContain(`error ${expected}`)
})

describe('what is said before a tool runs', () => {
  it('should end like a filler', () => {
    expect(problems({ message: '{ en: "Looking.", de: "Moment... " }' })).toEqual([
      `warning tools.t.execution_message.en: should ${ENDING} "Looking... "`,
    ])
    expect(problems({ message: 'Looking' })).toEqual([
      `warning tools.t.execution_message: should ${ENDING} "Looking... "`,
    ])
  })

  it('is fine if it does', () => {
    expect(problems({ message: '"Looking for {{what}}... "' })).toEqual([
      expect.stringContaining('uses {{what}}, which is nowhere declared'),
    ])
  })
})
