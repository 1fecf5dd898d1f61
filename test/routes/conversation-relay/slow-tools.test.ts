import { expect, it } from 'vitest'
import { startHeldWebhook } from '../../support/held-webhook.ts'
import { startTurnstate } from '../../support/turnstate.ts'
import { told } from '../../support/asked-of-model.ts'
import { dialRelay } from './relay-line.ts'

const BOOK = { calls: [{ name: 'book', arguments: { at: 'nine' } }] }

async function startDesk() {
  const webhook = await startHeldWebhook({ id: 'b-1' })
  const server = await startTurnstate({
    flow: {
      starting_state: 'desk',
      states: {
        desk: {
          state_prompt: 'AT DESK',
          tools: ['book'],
          edges: [{ to: 'booked', when: { type: 'result', tool: 'book', status: 'ok' } }],
        },
        booked: { state_prompt: 'BOOKED' },
      },
    },
    tools: {
      book: {
        ...{ type: 'webhook', url: webhook.url, method: 'POST', commit: 'immediate' },
        execution_message: 'Booking that now... ',
        parameters: { type: 'object', properties: { at: { type: 'string' } } },
      },
    },
    config: { webhooks: { allow_hosts: ['127.0.0.1'] } },
  })
  return { ...server, webhook }
}

it('keeps the caller company while a tool takes its time, in one answer', async () => {
  const { url, upstream, webhook } = await startDesk()
  const line = await dialRelay(url)
  upstream.reply(BOOK, { say: 'You are booked.' })
  line.prompt('Book me for nine.')
  expect(await line.token()).toBe('Booking that now... ')
  await webhook.reached
  webhook.release()
  expect(await line.answer()).toBe('You are booked.')
  expect(line.frames.filter(({ last }) => last)).toHaveLength(1)
})

it('finishes what was begun when the caller speaks over it, and does it once', async () => {
  const { url, upstream, webhook } = await startDesk()
  const line = await dialRelay(url)
  upstream.reply(BOOK, { say: 'Yes, for nine.' })
  line.prompt('Book me for nine.')
  expect(await line.token()).toBe('Booking that now... ')
  await webhook.reached
  line.interrupt('Booking that')
  line.prompt('Did it work?')
  webhook.release()
  expect(await line.answer()).toBe('Yes, for nine.')
  expect(webhook.received).toHaveLength(1)
  expect(told(await upstream.received(2))).toMatch(
    /(Being done right now|Already done), not yet told to the caller/,
  )
})
