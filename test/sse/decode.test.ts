import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSseDecoder } from '../../src/sse/decode.ts'
import { encodeData } from '../../src/sse/encode.ts'

function decode(pieces: readonly Buffer[], maxLength = 1000): string[] {
  const events: string[] = []
  const decoder = createSseDecoder({ onData: (data) => events.push(data), maxLength })
  for (const piece of pieces) decoder.push(piece)
  decoder.end()
  return events
}

describe('createSseDecoder', () => {
  it.each([
    ['one event', 'data: a\n\n', ['a']],
    ['no space after the colon', 'data:a\n\n', ['a']],
    ['only the first space dropped', 'data:  a\n\n', [' a']],
    ['several lines of data', 'data: a\ndata:\ndata: b\n\n', ['a\n\nb']],
    ['a field without a colon', 'data\n\n', ['']],
    ['comments and other fields', ': hi\nevent: x\nid: 1\ndatum: 2\ndata: a\n\n', ['a']],
    ['events without data', 'event: x\n\n\n\ndata: a\n\n', ['a']],
    ['CRLF', 'data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n', ['a\nb', 'c']],
    ['CR alone', 'data: a\r\rdata: b\r\r', ['a', 'b']],
    ['a byte order mark', '\uFEFFdata: a\n\n', ['a']],
    ['a last event without its blank line', 'data: a', ['a']],
  ])('reads %s, cut at any byte', (_, stream, events) => {
    const bytes = Buffer.from(stream)
    for (let at = 0; at <= bytes.length; at++) {
      expect(decode([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(events)
    }
  })

  it('gives back what the encoder wrote, one byte at a time', () => {
    fc.assert(
      fc.property(fc.array(fc.json({ stringUnit: 'binary' }), { maxLength: 5 }), (events) => {
        const bytes = Buffer.from(events.map(encodeData).join(''))
        const pieces = [...bytes].map((byte) => Buffer.from([byte]))
        expect(decode(pieces, bytes.length)).toEqual(events)
      }),
    )
  })

  it('stops at a line or an event that is too long', () => {
    const events: string[] = []
    const decoder = createSseDecoder({ onData: (data) => events.push(data), maxLength: 8 })
    expect(decoder.push(Buffer.from('data: a\n\n'))).toBe(true)
    expect(decoder.push(Buffer.from('data: 1234\ndata: 5678\n\n'))).toBe(false)
    expect(decoder.push(Buffer.from('data: b\n\n'))).toBe(false)
    expect(events).toEqual(['a'])
  })

  it('reads bytes that are no UTF-8 the same in any pieces', () => {
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(0xc3, 0xe2, 0x82, 0xac, 0xf0, 0x9f))
    const some = fc.array(byte, { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(some, (bytes) => {
        const whole = Buffer.concat([
          Buffer.from('data: '),
          Buffer.from(bytes),
          Buffer.from('\n\n'),
        ])
        const pieces = [...whole].map((one) => Buffer.from([one]))
        expect(decode(pieces)).toEqual(decode([whole]))
      }),
    )
  })

  it('says whether it holds the beginning of an event', () => {
    const decoder = createSseDecoder({ onData: () => undefined, maxLength: 100 })
    const holds = ['data: a\n\n', 'da', 'ta: b\n', '\n', ': ü'].map((text) => {
      decoder.push(Buffer.from(text))
      return !decoder.isBetweenEvents()
    })
    expect(holds).toEqual([false, true, true, false, true])
    const cut = createSseDecoder({ onData: () => undefined, maxLength: 100 })
    cut.push(Buffer.from([0xc3]))
    expect(cut.isBetweenEvents()).toBe(false)
  })
})
