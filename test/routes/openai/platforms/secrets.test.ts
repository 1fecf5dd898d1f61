import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { changed, platformLine, requestOf } from '../../../support/platform-requests.ts'
import { startServer } from '../../../support/turnstate-process.ts'
import { startUpstreamServer } from '../../../support/upstream-server.ts'

const SHAPES = [
  ['vapi', 'variable'],
  ['hume', 'first'],
  ['livekit', 'python'],
  ['pipecat', 'turn'],
  ['deepgram', 'turn'],
  ['telnyx', 'turn'],
  ['agora', 'turn'],
  ['jaicp', 'turn'],
] as const

it('what a platform sends in headers reaches neither the upstream nor the log', async () => {
  const upstream = await startUpstreamServer()
  onTestFinished(() => upstream.close())
  upstream.always({ say: 'For which day?' })
  const folder = mkdtempSync(join(tmpdir(), 'turnstate-platforms-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const config = {
    version: 1,
    auth: { signing_secret: 'a secret for the tests only' },
    upstreams: { primary: { base_url: upstream.url, api_key: 'sk-upstream', model: 'm' } },
    flow: { name: 'test-flow', starting_state: 'talk', states: { talk: {} } },
  }
  // JSON is YAML.
  writeFileSync(join(folder, 'turnstate.yaml'), JSON.stringify(config))
  const args = ['--config', join(folder, 'turnstate.yaml')]
  const { url, out, kill, exited } = await startServer({ args, env: { LOG_LEVEL: 'debug' } })
  const { send } = platformLine(url)
  const headers = { 'x-anything': 'anything-0001', cookie: 'session=cookie-0001' }
  for (const [platform, name] of SHAPES) {
    expect(await send(changed(requestOf(platform, name), { headers }))).toMatchObject({
      text: 'For which day?',
    })
  }
  expect(upstream.requests).toHaveLength(SHAPES.length)
  for (const request of upstream.requests) {
    expect(Object.keys(request.headers).sort()).toEqual([
      'accept',
      'authorization',
      'connection',
      'content-length',
      'content-type',
      'host',
      'user-agent',
    ])
    expect(JSON.stringify(request.headers) + request.rawBody).not.toMatch(/-0001/)
    expect(request.headers.authorization).toBe('Bearer sk-upstream')
  }
  kill('SIGTERM')
  await exited
  expect(out.stderr.match(/turn ended/g)).toHaveLength(SHAPES.length)
  expect(out.stderr).toContain('"platform":"livekit"')
  // Every secret of the fixtures ends like this.
  expect(out.stderr).not.toMatch(/-0001/)
})
