import { describe, expect, it } from 'vitest'
import { createStreamReading } from '../../../src/emulator/rehearsal/stream-reading.ts'

function read(...events: readonly (object | string)[]) {
  const reading = createStreamReading()
  for (const event of events) {
    const data = typeof event === 'string' ? event : JSON.stringify(event)
    reading.push(Buffer.from(`data: ${data}\n\n`))
  }
  reading.end()
  return reading
}

const delta = (value: object, finish: string | null = null) => ({
  choices: [{ index: 0, delta: value, finish_reason: finish }],
})

const callPiece = (index: number, args = '') => ({
  index,
  id: 'c',
  function: { name: 'f', arguments: args },
})

describe('a stream', () => {
  it('is read to text, calls, finish and end', () => {
    const reading = read(
      delta({ role: 'assistant', content: '' }),
      delta({ content: 'One ' }),
      delta({ content: 'moment.' }),
      delta({
        tool_calls: [{ index: 0, id: 'c1', function: { name: 'end_call', arguments: '{"a"' } }],
      }),
      delta({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] }),
      delta({}, 'tool_calls'),
      { choices: [], usage: {} },
      '[DONE]',
    )
    expect(reading.text()).toBe('One moment.')
    expect(reading.calls()).toEqual([{ id: 'c1', name: 'end_call', arguments: '{"a":1}' }])
    expect([reading.isDone(), reading.oddities()]).toEqual([true, []])
  })

  it('in the form of the Responses API is read as well', () => {
    const reading = read(
      { type: 'response.created', response: {} },
      { type: 'response.output_text.delta', delta: 'Hello.' },
      { type: 'response.completed', response: {} },
      '[DONE]',
    )
    expect([reading.text(), reading.isDone(), reading.oddities()]).toEqual(['Hello.', true, []])
  })

  it.each<[string, readonly (object | string)[]]>([
    ['what is no JSON', ['<html>']],
    ['an error', [{ error: { message: 'no' } }]],
    ['something else', [{ hello: 1 }]],
    ['events after the end', ['[DONE]', delta({ content: 'x' })]],
    ['words without a finish', [delta({ content: 'Hello.' }), '[DONE]']],
    [
      'a response that is not completed',
      [{ type: 'response.output_text.delta', delta: 'Hello.' }, '[DONE]'],
    ],
    ['endless text', [delta({ content: 'x'.repeat(300_000) })]],
    ['endless arguments', [delta({ tool_calls: [callPiece(0, 'x'.repeat(300_000))] })]],
    ['endless calls', [delta({ tool_calls: Array.from({ length: 300 }, (_, i) => callPiece(i)) })]],
  ])('that holds %s is odd', (_, events) => {
    expect(read(...events).oddities()).toHaveLength(1)
  })

  it('is not read on once it held too much', () => {
    const reading = createStreamReading()
    const push = (value: object) => reading.push(Buffer.from(`data: ${JSON.stringify(value)}\n\n`))
    let pieces = 0
    while (pieces < 1000 && push(delta({ tool_calls: [callPiece(pieces, 'x'.repeat(1000))] })))
      pieces++
    expect(pieces).toBeLessThan(150)
    const before = [reading.text(), reading.calls().length]
    expect(push(delta({ content: 'more', tool_calls: [callPiece(9999)] }))).toBe(false)
    expect([reading.text(), reading.calls().length]).toEqual(before)
  })

  it.each<[string, unknown, boolean]>([
    ['whitespace', ' \n', false],
    ['a word', ' a ', true],
    ['an object', { toString: 1 }, false],
  ])('of %s is known to hold words or not', (_, content, hasWords) => {
    expect(read(delta({ content })).hasWords()).toBe(hasWords)
  })
})
