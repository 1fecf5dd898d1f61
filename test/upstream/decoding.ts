import { readFileSync } from 'node:fs'
import { createStreamDecoder } from '../../src/upstream/completion-decoder.ts'
import type { Completion } from '../../src/upstream/upstream.ts'

export interface Decoded {
  readonly text: string
  readonly completion: Completion | undefined
  readonly failure: string | undefined
}

interface DecodeOptions {
  readonly isFramed?: boolean
  readonly stripThink?: boolean
}

/** What a stream in these pieces comes to; ids that were made up are called `made`. */
export function decode(pieces: readonly Buffer[], options: DecodeOptions = {}): Decoded {
  const { isFramed = true, stripThink = false } = options
  const decoder = createStreamDecoder({ stripThink })
  const reads = [...pieces.map((piece) => decoder.push(piece)), decoder.end(isFramed)]
  const completion = decoder.completion()
  return {
    text: reads.map(({ text }) => text).join(''),
    completion: completion && {
      ...completion,
      calls: completion.calls.map((call) => ({
        ...call,
        id: call.id.replace(/^call_[0-9a-f]{24}$/, 'made'),
      })),
    },
    failure: reads.at(-1)?.failure,
  }
}

export function streamFixture(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/upstream/${name}.sse`, import.meta.url))
}

export function cutAt(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end))
}

/** Each event by itself, as most servers send them. */
export function eventsOf(bytes: Buffer): readonly Buffer[] {
  return bytes
    .toString()
    .split(/(?<=\r\n\r\n|\n\n|\r\r)/)
    .map((event) => Buffer.from(event))
}
