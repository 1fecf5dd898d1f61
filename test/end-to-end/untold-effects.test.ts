import { describe, expect, it, onTestFinished } from 'vitest'
import { startTurnstate } from '../support/turnstate.ts'
import { startWebhookServer } from '../support/webhook-server.ts'
import { assistant, user } from '../support/wire-messages.ts'

const BOOK = { name: 'book', arguments: { at: 'ten' } }
const WISH = user('Book ten, please.')
const DONE = assistant('Booked for ten.')

/** A desk that books, and what the booking system received. */
async function startBooking() {
  const webhook = await startWebhookServer()
  onTestFinished(() => webhook.close())
  webhook.behave({ type: 'json', value: { id: 'b1' } })
  const turnstate = await startTurnstate({
    flow: { starting_state: 'desk', general_tools: ['book'], states: { desk: {} } },
    tools: { book: { type: 'webhook', url: `${webhook.url}/bookings`, commit: 'immediate' } },
    config: { webhooks: { allow_hosts: ['127.0.0.1'] } },
  })
  const systemOf = async (number: number) =>
    String((await turnstate.upstream.received(number)).body.messages[0]?.content)
  return { ...turnstate, webhook, systemOf }
}

describe('what was done in an answer that nobody heard', () => {
  it('is told to the model, and not done again when the wish comes back', async () => {
    const { upstream, turn, webhook, systemOf } = await startBooking()
    upstream.reply({ calls: [BOOK] }, { say: DONE.content })
    await turn([WISH])
    const more = [user('Book ten, please. And what does it cost?')]
    upstream.reply({ calls: [BOOK] }, { say: 'Booked for ten. It is free.' })
    const revised = await turn(more)
    expect(revised).toMatchObject({ kind: 'revised', text: 'Booked for ten. It is free.' })
    expect(await systemOf(3)).toContain(
      'Already done, not yet told to the caller: book({"at":"ten"})',
    )
    expect(webhook.received).toHaveLength(1)
    const result = (await upstream.received(4)).body.messages.at(-1)
    expect(result).toMatchObject({ role: 'tool', content: '{"id":"b1"}' })
    // Once it was heard, it is news no longer.
    upstream.reply({ say: 'Bye.' })
    await turn([...more, assistant(revised.text), user('Thanks.')])
    expect(await systemOf(5)).not.toContain('Already done')
  })

  it('is told in later exchanges as well, and still not done again', async () => {
    const { upstream, turn, webhook, systemOf } = await startBooking()
    upstream.reply({ calls: [BOOK] }, { say: DONE.content }, { say: 'What is it?' })
    await turn([WISH])
    const wait = [user('Book ten, please. No, wait.')]
    await turn(wait)
    const later = [...wait, assistant('What is it?'), user('Fine, ten it is.')]
    upstream.reply({ calls: [BOOK] }, { say: DONE.content })
    expect(await turn(later)).toMatchObject({ kind: 'new', exchange: '2', text: DONE.content })
    expect(await systemOf(4)).toContain('Already done')
    expect(webhook.received).toHaveLength(1)
    // The wish for another one is a wish of its own.
    upstream.reply({ calls: [BOOK] }, { say: 'And another one.' })
    await turn([...later, DONE, user('And the same once more.')])
    expect(webhook.received).toHaveLength(2)
  })

  it('is told although the same was done and told before', async () => {
    const { upstream, turn, webhook, systemOf } = await startBooking()
    upstream.reply({ calls: [BOOK] }, { say: DONE.content }, { calls: [BOOK] }, { say: 'Again.' })
    await turn([WISH])
    const before = [WISH, DONE]
    await turn([...before, user('The same again.')])
    expect(webhook.received).toHaveLength(2)
    upstream.reply({ say: 'What is it?' }, { calls: [BOOK] }, { say: 'Again.' })
    const wait = [...before, user('The same again. No, wait.')]
    await turn(wait)
    await turn([...wait, assistant('What is it?'), user('Yes, the same again.')])
    expect(await systemOf(6)).toContain('Already done')
    expect(webhook.received).toHaveLength(2)
  })

  it('is done again for a new wish where a withdrawal gave the old one its number', async () => {
    const { upstream, turn, webhook } = await startBooking()
    upstream.reply(
      { say: 'Hello there, how can I help?' },
      { calls: [BOOK] },
      { say: DONE.content },
    )
    await turn([user('Hi.')])
    await turn([user('Hi.'), assistant('Hello there, how can I help?'), WISH])
    const merged = [user('Hi. Book ten, please.')]
    upstream.reply({ calls: [BOOK] }, { say: 'It is booked for ten.' })
    expect(await turn(merged)).toMatchObject({ exchange: '1' })
    expect(webhook.received).toHaveLength(1)
    upstream.reply({ calls: [BOOK] }, { say: 'And another one.' })
    await turn([...merged, assistant('It is booked for ten.'), user('And the same once more.')])
    expect(webhook.received).toHaveLength(2)
  })

  it('is told where its turn failed before a word', async () => {
    const { upstream, turn, webhook, systemOf } = await startBooking()
    upstream.reply({ calls: [BOOK] }, { status: 500 }, { calls: [BOOK] }, { say: DONE.content })
    expect((await turn([WISH])).status).toBe(502)
    expect(await turn([WISH])).toMatchObject({ kind: 'retry', text: DONE.content })
    expect(await systemOf(3)).toContain('Already done')
    expect(webhook.received).toHaveLength(1)
  })

  it('is told as uncertain where no answer came', async () => {
    const { upstream, turn, webhook, systemOf } = await startBooking()
    webhook.behave({ type: 'reset' })
    upstream.reply({ calls: [BOOK] }, { say: 'I am not sure.' }, { say: 'One moment.' })
    await turn([WISH])
    await turn([user('Book ten, please, or eleven.')])
    expect(await systemOf(3)).toContain('not known whether it was done')
  })
})
