import { expect, it } from 'vitest'
import { buildEngine, createModel, toRequest } from '../support/engine.ts'
import { assistant, system, toolResult, user } from '../support/history.ts'

const FLOW = {
  name: 'test',
  starting_state: 'talk',
  general_prompt: 'You are the desk.',
  states: { talk: {} },
}
const quiet = {
  signal: new AbortController().signal,
  streams: false,
  onEvent: () => undefined,
}

it('a side job that gets no answer ends at the limit of a turn', async () => {
  const upstream = createModel(() => ({ until: new Promise(() => undefined) }))
  const engine = buildEngine({ flow: FLOW, upstream, turnTimeoutMs: 30 })
  const job = await engine.begin(toRequest([user('Summarise.')], { isSideJob: true }))
  await expect(job.run(quiet)).rejects.toMatchObject({ code: 'upstream_timeout' })
})

it('a side job of a caller that is gone asks nobody', async () => {
  const upstream = createModel(() => ({ text: 'Yes.' }))
  const engine = buildEngine({ flow: FLOW, upstream })
  const job = await engine.begin(toRequest([user('Summarise.')], { isSideJob: true }))
  const signal = AbortSignal.abort(new Error('gone'))
  await expect(job.run({ ...quiet, signal })).rejects.toThrow('gone')
  expect(upstream.requests).toHaveLength(0)
})

it('a side job sends its messages on as they are, calls and results included', async () => {
  const upstream = createModel(() => ({ text: 'They want an appointment.' }))
  const engine = buildEngine({ flow: FLOW, upstream })
  const calls = [{ id: 'c1', name: 'lookup', arguments: '{}' }]
  const image = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } }
  const messages = [
    user('First'),
    system('Summarise.'),
    assistant('', calls),
    toolResult('c1', 'found'),
    assistant('There you are.'),
    { ...user('And this'), parts: [image] },
  ]
  const job = await engine.begin(toRequest(messages, { isSideJob: true, key: null }))
  expect(job.facts).toMatchObject({ kind: 'side_job', conversation: null, keySource: 'none' })
  await job.run(quiet)
  expect(upstream.requests).toMatchObject([{ tools: [], state: 'none' }])
  expect(upstream.requests[0]?.messages).toEqual([
    { role: 'user', content: 'First' },
    { role: 'system', content: 'Summarise.' },
    { role: 'assistant', content: null, calls },
    { role: 'tool', callId: 'c1', content: 'found' },
    { role: 'assistant', content: 'There you are.' },
    { role: 'user', content: [image] },
  ])
})
