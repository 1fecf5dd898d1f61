import { expect, it } from 'vitest'
import { runRehearse } from '../../../src/cli/rehearse.ts'
import { rehearse } from '../../support/rehearsal.ts'
import { startCommand } from '../../support/turnstate-process.ts'
import {
  delta,
  END,
  event,
  every,
  flood,
  startHostileServer,
  streamHead,
  wordsFor,
} from './hostile-server.ts'

const KEY = 'sk-key-of-the-rehearsal'
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\n'
const UPGRADE = `${SWITCHING}connection: upgrade\r\nupgrade: websocket\r\n\r\nxx`

async function streamOf(...events: readonly string[]): Promise<string> {
  return startHostileServer(({ socket }) => {
    socket.end(streamHead() + events.join(''))
    return undefined
  })
}

const speech = (value: unknown) => event({ type: 'response.output_text.delta', delta: value })
const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`

it.each<[string, readonly string[]]>([
  ['an object as text', [speech({ toString: 1, valueOf: 1 })]],
  ['deep nesting as text', [`data: {"type":"response.output_text.delta","delta":${deep}}\n\n`]],
  ['deep nesting as content', [`data: {"choices":[{"delta":{"content":${deep}}}]}\n\n`]],
  ['numbers as text', [speech(1e308), delta({ content: -0 })]],
  ['null for a choice', [event({ choices: [null] })]],
  ['null for an event', ['data: null\n\n']],
  ['calls that are none', [delta({ tool_calls: [null, 7, 'call', []] })]],
  ['a list of calls that is none', [delta({ tool_calls: { length: 1e308 } })]],
  [
    'prototypes',
    ['data: {"choices":[{"delta":{"__proto__":{"content":"hello"}}}],"__proto__":{"type":1}}\n\n'],
  ],
])('%s: no text, no call, and the report comes', async (_, events) => {
  const { code, report } = await rehearse(
    await streamOf(...events, END),
    '--only',
    'greeting,responses',
  )
  const whats = report.scenarios.map(({ faults }) => faults.map(({ what }) => what).join())
  expect(code).toBe(1)
  expect(whats).toEqual([
    expect.stringMatching(/^all 3 tries failed: /),
    expect.stringMatching(/^the request failed: /),
  ])
})

it('nothing that a server sends is printed raw: no controls, no key', async () => {
  const url = await startHostileServer(({ socket, request }) => {
    const sent = /^authorization: (.*)\r$/im.exec(request)?.[1] ?? 'none'
    const name = `\u001b[31m${sent}\nok   1 fake: all passed\u009b${'x'.repeat(100)}`
    const calls = [0, 1].map((index) => ({
      index,
      id: `c${index}`,
      function: { name, arguments: '{}' },
    }))
    const headers = { 'x-turnstate-kind': `\u009b31m${sent}`, 'x-turnstate-state': sent }
    const events = [delta({ content: wordsFor(request) }), delta({ tool_calls: calls }), END]
    socket.write(Buffer.from(streamHead(headers), 'latin1'))
    socket.end(events.join(''))
    return undefined
  })
  const out = { table: '', json: '' }
  const only = ['--only', 'greeting,silence-dots,three']
  const args = [url, '--key', KEY, ...only]
  const toTable = (text: string) => void (out.table += text)
  const toJson = (text: string) => void (out.json += text)
  await Promise.all([
    runRehearse(args, { stdout: toTable, stderr: toTable }),
    runRehearse([...args, '--json'], { stdout: toJson, stderr: toJson }),
  ])
  for (const text of [out.table, out.json]) {
    expect(text).toContain('[31m***ok   1 fake: all passedxxxxxxx')
    expect(text).toContain('was taken for')
    expect(text).not.toContain(KEY)
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
    expect(text).not.toMatch(/x{40}|^ok/m)
  }
})

it('a call for a silence is not printed raw either', async () => {
  const url = await startHostileServer(({ socket, request }) => {
    const call = { index: 0, id: 'c', function: { name: `\u001b[2J${KEY}`, arguments: '{}' } }
    const isSilence = request.includes('"content":"..."')
    const value = isSilence ? { tool_calls: [call] } : { content: wordsFor(request) }
    socket.end(streamHead() + delta(value) + END)
    return undefined
  })
  const { faultsOf } = await rehearse(url, '--key', KEY, '--only', 'silence-dots')
  expect(faultsOf['silence-dots']).toContain('[2J*** was called without being asked for')
})

it.each([
  ['an upgrade', UPGRADE],
  ['an upgrade to nothing', `${SWITCHING}\r\n`],
])('%s instead of an answer ends in a report', { timeout: 25_000 }, async (_, bytes) => {
  const url = await startHostileServer(({ socket }) => {
    socket.end(bytes)
    return undefined
  })
  const { exited, out } = startCommand({ args: ['rehearse', url, '--only', '1,16,20', '--json'] })
  expect(await exited).toBe(1)
  const report = JSON.parse(out.stdout) as { readonly failed: number } // printed whole, or not at all
  expect(report.failed).toBe(5)
  expect(out.stderr).toContain('FAIL  1 greeting: all 3 tries failed: status 101')
  expect(out.stderr).toContain('FAIL  16 probes: HEAD of the URL was answered status 101')
})

it('hangs up on endless calls and words at the first excess', { timeout: 25_000 }, async () => {
  let index = 0
  const call = () =>
    delta({ tool_calls: [{ index: index++, id: 'c', function: { name: 'f', arguments: 'x' } }] })
  const endless = {
    calls: call,
    'arguments of one call': () =>
      delta({ tool_calls: [{ index: 0, function: { name: 'f', arguments: 'x'.repeat(1000) } }] }),
    words: () => delta({ content: 'and so on '.repeat(100) }),
  }
  const judged = Object.entries(endless).map(async ([name, nextPiece]) => {
    let sent = 0
    const url = await startHostileServer(({ socket }) => {
      socket.write(streamHead())
      return flood(socket, () => {
        const piece = nextPiece()
        sent += piece.length
        return piece
      })
    })
    const { faultsOf } = await rehearse(url, '--only', 'greeting')
    return { name, faults: faultsOf.greeting, megabytes: sent / 1e6 }
  })
  for (const { name, faults, megabytes } of await Promise.all(judged)) {
    expect([name, faults]).toEqual([
      name,
      expect.stringContaining(
        'the stream held more than anybody could say; the stream did not end',
      ),
    ])
    // Two requests; what their sockets hold comes on top of what was read.
    expect(megabytes).toBeLessThan(32)
  }
})

it('servers that never come to the point end by the limits', { timeout: 25_000 }, async () => {
  const head = streamHead()
  const servers = {
    silent: startHostileServer(() => undefined),
    'headers byte by byte': startHostileServer(({ socket }) => {
      let sent = 0
      return every(100, () => socket.write(head.charAt(sent++)))
    }),
    'endless 1xx': startHostileServer(({ socket }) =>
      every(5, () => socket.write('HTTP/1.1 100 Continue\r\n\r\n'.repeat(50))),
    ),
    'endless comments': startHostileServer(({ socket }) => {
      socket.write(head)
      return every(5, () => socket.write(': still here\n\n'.repeat(50)))
    }),
    'a comment without end': startHostileServer(({ socket }) => {
      socket.write(head)
      return flood(socket, () => ':'.repeat(10_000))
    }),
  }
  const played = Object.entries(servers).map(async ([name, url]) => {
    const only = ['--only', 'greeting,plain-json', '--cascade-timeout', '3']
    const { faultsOf } = await rehearse(await url, ...only)
    return [name, faultsOf.greeting, faultsOf['plain-json']]
  })
  const all = 'all 3 tries failed:'
  const noJson = 'a request without a stream was not answered by a JSON completion'
  expect(await Promise.all(played)).toEqual([
    ['silent', `${all} no answer in time`, noJson],
    ['headers byte by byte', `${all} no answer in time`, noJson],
    ['endless 1xx', `${all} no answer in time`, noJson],
    ['endless comments', `${all} no text within 3 s`, noJson],
    ['a comment without end', `${all} an event that is too long`, noJson],
  ])
})
