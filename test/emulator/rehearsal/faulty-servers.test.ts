import { createServer } from 'node:http'
import { expect, it } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { startNaiveServer, type NaiveFault } from '../../support/naive-server.ts'
import { rehearse } from '../../support/rehearsal.ts'
import { delta, END, startHostileServer, streamHead, wordsFor } from './hostile-server.ts'

it.each<[NaiveFault, string]>([
  ['json', 'an answer that is no event stream'],
  ['silent', 'a stream that ended with neither text nor tool call'],
  ['garbage', 'an event that is not JSON'],
  ['status-500', 'status 500'],
])('a server with the fault "%s" fails', async (fault, what) => {
  const { url } = await startNaiveServer({ fault })
  const { code, faultsOf } = await rehearse(url, '--only', '1,6')
  const all = `all 3 tries failed: ${what}`
  expect([code, faultsOf]).toEqual([1, { greeting: all, 'revised-late': all }])
})

it(
  'servers that never answer, or never stop, fail in bounded time',
  { timeout: 90_000 },
  async () => {
    const [hangs, endless] = await Promise.all([
      startNaiveServer({ fault: 'hangs' }),
      startNaiveServer({ fault: 'endless' }),
    ])
    const [silence, babble] = await Promise.all([
      rehearse(hangs.url, '--only', 'greeting', '--cascade-timeout', '3'),
      rehearse(endless.url, '--only', 'greeting'),
    ])
    const noAnswer = 'all 3 tries failed: no answer in time'
    expect([silence.code, silence.faultsOf]).toEqual([1, { greeting: noAnswer }])
    expect(babble.code).toBe(1)
    expect(babble.faultsOf.greeting).toMatch(/the stream did not end.*in all/)
  },
)

it('a server that takes a retry for a new turn, and says so, fails', async () => {
  const port = await freePort()
  const { url } = await startNaiveServer({
    upstreamUrl: `http://127.0.0.1:${port}`,
    fault: 'says-new',
  })
  const only = ['--only', 'asked-again-after-the-end']
  const { faultsOf } = await rehearse(url, '--upstream-port', String(port), ...only)
  expect(faultsOf).toEqual({
    'asked-again-after-the-end': 'the request was taken for "new" instead of "retry"',
  })
})

it('a server that calls its late answer a retry fails only for being late', async () => {
  let tries = 0
  const url = await startHostileServer(({ socket, request }) => {
    const isProbe = request.includes('Please just say')
    if (!isProbe && ++tries === 1) return undefined
    const head = streamHead({ 'x-turnstate-kind': isProbe ? 'new' : 'retry' })
    socket.end(head + delta({ content: wordsFor(request) }) + END)
    return undefined
  })
  const only = ['--only', 'asked-again-after-the-end', '--cascade-timeout', '3']
  const { faultsOf } = await rehearse(url, ...only)
  expect(faultsOf).toEqual({
    'asked-again-after-the-end': 'only try 2 was answered, before that: no answer in time',
  })
})

it('every fault of a form says which form it was', async () => {
  const url = await startHostileServer(({ socket, request }) => {
    socket.end(streamHead() + delta({ content: wordsFor(request).repeat(2) }))
    return undefined
  })
  const { faultsOf } = await rehearse(url, '--only', 'url-forms')
  expect(faultsOf['url-forms']).toBe(
    'POST /chat/completions: the stream ended without [DONE]; ' +
      'POST /chat/completions: the reply came twice in one stream',
  )
})

it('a server that forgets [DONE] fails', { timeout: 60_000 }, async () => {
  const port = await freePort()
  const { url } = await startNaiveServer({
    upstreamUrl: `http://127.0.0.1:${port}`,
    fault: 'no-done',
  })
  const only = ['--only', 'greeting,late-prefix']
  const { code, faultsOf } = await rehearse(url, '--upstream-port', String(port), ...only)
  expect(code).toBe(1)
  expect(faultsOf).toEqual({
    greeting: 'the stream ended without [DONE]',
    'late-prefix': 'the stream ended without [DONE]',
  })
})

it('a server that answers only with a space fails where that counts as nothing', async () => {
  const delta = { choices: [{ index: 0, delta: { content: ' ' }, finish_reason: 'stop' }] }
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(`data: ${JSON.stringify(delta)}\n\ndata: [DONE]\n\n`)
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${port}/v1`
  const lenient = await rehearse(url, '--only', 'greeting')
  const strict = await rehearse(url, '--only', 'greeting', '--strict')
  server.close()
  expect([lenient.code, strict.code]).toEqual([0, 1])
  expect(strict.faultsOf.greeting).toContain('neither text nor tool call')
})

it('scenarios that need the trigger phrases are skipped where the model does not know them', async () => {
  const { url } = await startNaiveServer({ fault: 'silent' })
  const { report } = await rehearse(url, '--only', 'eight-at-once')
  expect(report).toMatchObject({ passed: 0, failed: 0, skipped: 1 })
  expect(report.scenarios[0]?.reason).toBe('the server’s model does not follow the trigger phrases')
})
