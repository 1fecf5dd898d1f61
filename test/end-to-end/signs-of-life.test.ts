import { expect, it } from 'vitest'
import { reading, startEffectDesk } from '../support/effect-desk.ts'
import { createGate } from '../support/gate.ts'

const WISH = { role: 'user', content: 'Is ten free?' } as const
const DONE = 'Ten is free.'

const startDesk = () =>
  startEffectDesk({
    tools: (at) => ({ look: reading(at, 'look') }),
    config: {
      webhooks: { allow_hosts: ['127.0.0.1'] },
      routing: { first_token_timeout_ms: 15_000, turn_timeout_ms: 15_000 },
    },
  })

/** The texts of the deltas of an answer, as they arrive. */
async function* deltasOf(desk: Awaited<ReturnType<typeof startDesk>>) {
  const chunks = await desk
    .client()
    .chat.completions.create({ model: 'test-flow', stream: true, messages: [WISH] })
  for await (const { choices } of chunks) yield choices[0]?.delta.content
}

// The clock is the real one: what is waited for is each sign itself.
it('shows empty deltas for as long as the model does not begin', async () => {
  const desk = await startDesk()
  const gate = createGate()
  desk.upstream.reply(async () => {
    await gate.released
    return { say: DONE, deltas: 1 }
  })
  const heard: unknown[] = []
  for await (const delta of deltasOf(desk)) {
    heard.push(delta)
    if (heard.length === 2) gate.release()
  }
  expect(heard.slice(0, 2)).toEqual(['', ''])
  expect(heard.join('')).toBe(DONE)
})

it('shows them for as long as a tool runs, after what was said before it', async () => {
  const desk = await startDesk()
  desk.webhooks.set('/look', { fault: 'hold' })
  desk.upstream.reply({ say: 'Sure.', calls: [{ name: 'look' }] }, { say: DONE, deltas: 1 })
  const heard: unknown[] = []
  for await (const delta of deltasOf(desk)) {
    heard.push(delta)
    const isQuiet = delta === '' && heard.includes('Sure.')
    if (isQuiet) (await desk.webhooks.received('/look')).answer()
  }
  const saidAt = heard.indexOf('Sure.')
  expect(heard.slice(saidAt, saidAt + 2)).toEqual(['Sure.', ''])
  expect(heard.join('')).toBe(`Sure. ${DONE}`)
})
