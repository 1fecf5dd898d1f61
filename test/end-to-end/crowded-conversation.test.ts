import { expect, it } from 'vitest'
import { buildEngine } from '../support/engine.ts'
import { listeningApp, post } from '../support/listening-app.ts'
import { openStream } from '../support/live-stream.ts'
import { createSteppedModel } from '../support/stepped-model.ts'
import { assistant } from '../support/wire-messages.ts'

const MOST = 64
const ON_SILENCE = { prompt: 'Ask whether they are there.', max: 1000 }
const FLOW = {
  name: 'talk',
  starting_state: 'talk',
  states: { talk: { on_silence: ON_SILENCE } },
}

it('lets 64 turns of one conversation run at once, and one more when one of them has ended', async () => {
  const model = createSteppedModel()
  const engine = buildEngine({ flow: FLOW, upstream: model })
  const { url } = await listeningApp({ engine })
  const chat = `${url}/v1/chat/completions`
  const key = { 'x-conversation-id': 'call-1' }
  // Speech would end what runs; silences after different greetings stand side by side.
  const messages = (greeting: number) => [assistant(`Greeting ${greeting}.`)]
  const ask = (greeting: number, headers: Record<string, string> = key) => {
    const body = JSON.stringify({ stream: true, messages: messages(greeting) })
    return openStream(chat, { method: 'POST', headers, body })
  }
  const refused = async (greeting: number) => {
    const answer = await post(chat, { stream: true, messages: messages(greeting) }, key)
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ error: { code: 'overloaded' } })
  }
  const asked = Array.from({ length: MOST }, (_, greeting) => ask(greeting))
  await model.begun(MOST)
  for (const generation of model.generations) generation.say('Well. ')
  const crowd = await Promise.all(asked)
  await refused(MOST)

  // Neither who asks for the same again nor another conversation is kept out.
  const again = await ask(0)
  await again.hear('Well.')
  const other = ask(0, { 'x-conversation-id': 'call-2' })
  ;(await model.begun(MOST + 1)).say('Well. ')
  await (await other).hear('Well.')

  const [first] = model.generations
  first?.end([])
  await Promise.race(crowd.map((answer) => answer.rest()))
  const more = ask(MOST)
  ;(await model.begun(MOST + 2)).say('Well. ')
  await refused(MOST + 1)

  for (const generation of model.generations) if (generation.isOpen()) generation.end([])
  for (const answer of [...crowd, again, await other, await more]) {
    expect(await answer.rest()).toMatchObject({ text: 'Well. ', finish: 'stop', isDone: true })
  }
  expect(model.generations).toHaveLength(MOST + 2)
})
