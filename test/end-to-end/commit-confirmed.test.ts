import { describe, expect, it } from 'vitest'
import {
  answering,
  ASKED,
  askForYes,
  CLINIC,
  PAID,
  PAY,
  READ_BACK,
  startPaying,
  WISH,
} from '../support/paying-desk.ts'
import { assistant, platformTool, user } from '../support/wire-messages.ts'

describe('a confirmed write that is called for the first time', () => {
  it('is read back as the last that is said, and nothing runs', async () => {
    const desk = await startPaying()
    const { upstream, turn } = desk
    upstream.reply({
      say: 'Gladly.',
      calls: [PAY, { name: 'end_call', arguments: {} }],
    })
    const asked = await turn([WISH], { tools: [platformTool('end_call')] })
    expect(asked).toMatchObject({ text: `Gladly. ${READ_BACK}`, calls: [] })
    expect(asked.body).toMatchObject({ choices: [{ finish_reason: 'stop' }] })
    expect(upstream.requests).toHaveLength(1)
    expect(desk.payments()).toBe(0)
  })

  it('keeps the flow where it is, whatever else the step asks for', async () => {
    const edges = [{ to: 'bye', when: { type: 'llm', description: 'Done' } }]
    const flow = {
      ...CLINIC,
      starting_state: 'desk',
      states: { desk: { edges }, bye: { say: 'Bye!' } },
    }
    const { upstream, turn, derive } = await startPaying({ flow })
    upstream.reply({ calls: [{ name: 'transition_to_bye', arguments: {} }, PAY] })
    expect((await turn([WISH])).text).toBe(READ_BACK)
    expect(await derive([...ASKED, user('Yes.')])).toMatchObject({ state: 'desk' })
  })

  it('is read back alone where two are called at once', async () => {
    const desk = await startPaying()
    const other = { name: 'pay', arguments: { amount: '50' } }
    desk.upstream.reply({ calls: [PAY, other] })
    expect((await desk.turn([WISH])).text).toBe(READ_BACK)
    // A yes to the first one is none to the second one.
    const answered = [...ASKED, user('Yes.')]
    desk.upstream.reply({ calls: [PAY, other] })
    const second = await desk.turn(answered)
    expect(second.text).toBe('You pay 50 euros to Oak Street, shall I?')
    expect(desk.webhooks.calls('/pay').map(({ body }) => body)).toEqual([{ amount: '40' }])
  })

  it('is refused where a state was entered whose say must be heard first', async () => {
    const flow = {
      ...CLINIC,
      starting_state: 'desk',
      states: {
        desk: { edges: [{ to: 'noted', when: { type: 'result', tool: 'note', status: 'ok' } }] },
        noted: { say: 'That is noted.' },
      },
    }
    const desk = await startPaying({ flow })
    desk.upstream.reply({ calls: [{ name: 'note', arguments: {} }, PAY] })
    expect((await desk.turn([WISH])).text).toBe('That is noted.')
    // There it is read back as anywhere else, and a yes does it.
    const heard = [WISH, assistant('That is noted.'), user('Now pay.')]
    desk.upstream.reply({ calls: [PAY] })
    expect((await desk.turn(heard)).text).toBe(READ_BACK)
    const yes = await answering(desk, [...heard, assistant(READ_BACK), user('Yes.')])
    expect(yes.text).toBe(PAID)
    expect(desk.payments()).toBe(1)
  })

  it('is refused where there is nothing to read back', async () => {
    const desk = await startPaying({ more: { readback: '{{nothing}}' } })
    desk.upstream.reply({ calls: [PAY] }, { say: 'I cannot do that.' })
    expect((await desk.turn([WISH])).text).toBe('I cannot do that.')
    expect((await desk.resultsOf(2))[0]).toContain('Not done: there is nothing to read back')
    expect(desk.payments()).toBe(0)
  })
})

describe('a yes to what was read back', () => {
  it('runs it once, and a retry is told the same', async () => {
    const desk = await startPaying()
    await askForYes(desk)
    const answered = [...ASKED, user('Yes, please.')]
    expect(await answering(desk, answered)).toEqual({ text: PAID, rounds: 2 })
    expect(await desk.resultsOf(3)).toEqual(['{"id":"p1"}'])
    // Replayed three times, then generated anew.
    for (let again = 0; again < 4; again++) {
      desk.upstream.always(({ body }) =>
        body.messages.at(-1)?.role === 'tool' ? { say: PAID } : { calls: [PAY] },
      )
      expect(await desk.turn(answered)).toMatchObject({ kind: 'retry', text: PAID })
    }
    expect(desk.upstream.requests).toHaveLength(5)
    expect(desk.payments()).toBe(1)
  })

  it('waits to see whether the caller goes on, and is void if they do', async () => {
    const desk = await startPaying({ more: { settle_ms: 5000, execution_message: 'Paying... ' } })
    await askForYes(desk)
    desk.upstream.reply({ calls: [PAY] })
    const yes = await desk.stream([...ASKED, user('Yes.')])
    await yes.hear('Paying')
    const but = await answering(desk, [...ASKED, user('Yes. But make it fifty.')])
    expect(but.text).toBe(READ_BACK)
    expect((await yes.rest()).isDone).toBe(true)
    expect(desk.payments()).toBe(0)
  })

  it('runs it once where the caller goes on agreeing', async () => {
    const desk = await startPaying({ more: { settle_ms: 300, execution_message: 'Paying... ' } })
    await askForYes(desk)
    desk.upstream.reply({ calls: [PAY] })
    const yes = await desk.stream([...ASKED, user('Yes.')])
    await yes.hear('Paying')
    const more = await answering(desk, [...ASKED, user('Yes. Yes, please.')])
    expect(more.text).toBe(`Paying... ${PAID}`)
    expect((await yes.rest()).text).toBe('Paying... ')
    expect(desk.payments()).toBe(1)
  })

  it('counts although the platform shows the numbers as words', async () => {
    const desk = await startPaying()
    await askForYes(desk)
    const heard = assistant('You pay forty euros to Oak Street, shall I?')
    expect((await answering(desk, [WISH, heard, user('Yes.')])).text).toBe(PAID)
    expect(desk.payments()).toBe(1)
  })

  it.each([
    ['in the language of the conversation', 'de', 'Ja, bitte.', 1],
    ['not in another one', 'de', 'Oui.', 0],
    ['as configured', 'de', 'Jo mei.', 1],
    ['not in a language without any words', 'tlh', 'HIja.', 0],
  ])('counts %s', async (_, language, answer, runs) => {
    const desk = await startPaying({
      flow: { default_dynamic_variables: { clinic: 'Eiche', language } },
      more: { readback: { en: 'Shall I?', de: '{{amount}} Euro an {{clinic}}, ja?' } },
      config: {
        webhooks: { allow_hosts: ['127.0.0.1'] },
        assent: { de: { affirm: ['jo mei'] } },
      },
    })
    desk.upstream.reply({ calls: [PAY] })
    const { text } = await desk.turn([WISH])
    if (language === 'de') expect(text).toBe('40 Euro an Eiche, ja?')
    await answering(desk, [WISH, assistant(text), user(answer)])
    expect(desk.payments()).toBe(runs)
  })
})

describe('what is no yes to what was read back', () => {
  it.each([
    ['a no', 'No.'],
    ['a hedge', 'I think so.'],
    ['a correction', 'Yes, but forty five.'],
    ['a question', 'Yes?'],
    ['something else', 'What time is it'],
  ])('%s: it is read back again and nothing runs', async (_, words) => {
    const desk = await startPaying()
    await askForYes(desk)
    const again = await answering(desk, [...ASKED, user(words)])
    expect(again).toEqual({ text: READ_BACK, rounds: 1 })
    expect(desk.payments()).toBe(0)
    // A yes after that counts.
    const yes = await answering(desk, [...ASKED, user(words), assistant(READ_BACK), user('Yes.')])
    expect(yes.text).toBe(PAID)
    expect(desk.payments()).toBe(1)
  })

  it('a yes, where the model calls it with other arguments', async () => {
    const desk = await startPaying()
    await askForYes(desk)
    const call = { name: 'pay', arguments: { amount: '400' } }
    const again = await answering(desk, [...ASKED, user('Yes.')], call)
    expect(again.text).toBe('You pay 400 euros to Oak Street, shall I?')
    expect(desk.payments()).toBe(0)
  })

  it('a yes, where the caller spoke before the end of it', async () => {
    const desk = await startPaying()
    await askForYes(desk)
    const cut = [WISH, assistant('You pay 40 euros to Oak'), user('Yes.')]
    expect((await answering(desk, cut)).text).toBe(READ_BACK)
    expect(desk.payments()).toBe(0)
  })

  it('a yes after they were asked whether they are still there', async () => {
    const desk = await startPaying()
    await askForYes(desk)
    desk.upstream.reply({ say: 'Are you still with me?' })
    const silence = await desk.turn(ASKED)
    expect(silence).toMatchObject({ kind: 'silence', text: 'Are you still with me?' })
    const both = assistant(`${READ_BACK} Are you still with me?`)
    expect((await answering(desk, [WISH, both, user('Yes.')])).text).toBe(READ_BACK)
    expect(desk.payments()).toBe(0)
  })

  it('a yes to a later reply', async () => {
    const desk = await startPaying()
    await askForYes(desk)
    desk.upstream.reply({ say: 'It is five o clock, right?' })
    const later = [...ASKED, user('What time is it?')]
    await desk.turn(later)
    const yes = [...later, assistant('It is five o clock, right?'), user('Yes.')]
    expect((await answering(desk, yes)).text).toBe(READ_BACK)
    expect(desk.payments()).toBe(0)
  })

  it('a yes that has been used up', async () => {
    const desk = await startPaying()
    await askForYes(desk)
    const answered = [...ASKED, user('Yes.')]
    await answering(desk, answered)
    const again = await answering(desk, [...answered, assistant(PAID), user('Yes.')])
    expect(again.text).toBe(READ_BACK)
    expect(desk.payments()).toBe(1)
  })

  it('a yes from a caller that has no key', async () => {
    const desk = await startPaying()
    await askForYes(desk)
    desk.upstream.reply({ calls: [PAY] }, { say: 'I cannot do that here.' })
    const { text } = await desk.turn([...ASKED, user('Yes.')], {}, {})
    expect(text).toBe('I cannot do that here.')
    expect(desk.payments()).toBe(0)
  })
})

describe('a yes that was acted on and whose answer nobody heard', () => {
  it('is not asked for again: the call is answered with what was done', async () => {
    const desk = await startPaying()
    await askForYes(desk)
    await answering(desk, [...ASKED, user('Yes.')])
    expect(desk.payments()).toBe(1)
    const more = await answering(desk, [...ASKED, user('Yes. What about tomorrow?')])
    expect(more.text).toBe(PAID)
    expect(desk.payments()).toBe(1)
  })

  it('is not asked for again while it is still being done', async () => {
    const desk = await startPaying()
    await askForYes(desk)
    desk.webhooks.set('/pay', { fault: 'hold' })
    desk.upstream.reply({ calls: [PAY] })
    const yes = await desk.stream([...ASKED, user('Yes.')])
    const call = await desk.webhooks.received('/pay')
    const more = answering(desk, [...ASKED, user('Yes. What about tomorrow?')])
    expect((await yes.rest()).isDone).toBe(true)
    expect(await desk.systemOf(3)).toContain('Being done right now')
    // By now the model has called it again.
    await new Promise((resolve) => setTimeout(resolve, 50))
    call.answer({ value: { id: 'p1' } })
    expect((await more).text).toBe(PAID)
    expect(desk.payments()).toBe(1)
  })

  it('is asked for again where it failed', async () => {
    const desk = await startPaying()
    await askForYes(desk)
    desk.webhooks.set('/pay', { status: 400 })
    await answering(desk, [...ASKED, user('Yes.')])
    const more = await answering(desk, [...ASKED, user('Yes. What about tomorrow?')])
    expect(more.text).toBe(READ_BACK)
    expect(desk.payments()).toBe(1)
  })
})

describe('a yes where nobody remembers the question', () => {
  it.each([
    ['its exact words prove it', READ_BACK, 1],
    ['they do so at the end of a longer text', `Gladly. ${READ_BACK}`, 1],
    ['words after it do not', `${READ_BACK} Still there?`, 0],
    ['a cut text does not', 'You pay 40 euros to Oak Street,', 0],
  ])('after a restart %s', async (_, heard, runs) => {
    const desk = await startPaying()
    const { text } = await answering(desk, [WISH, assistant(heard), user('Yes.')])
    expect(text).toBe(runs === 1 ? PAID : READ_BACK)
    expect(desk.payments()).toBe(runs)
  })

  it('is refused where its numbers came back otherwise, as asking again would end the same', async () => {
    const desk = await startPaying()
    const heard = assistant('You pay forty euros to Oak Street, shall I?')
    const { text } = await answering(desk, [WISH, heard, user('Yes.')])
    expect(text).not.toContain('shall I')
    expect(JSON.stringify(await desk.resultsOf(2))).toContain('cannot be made sure')
    expect(desk.payments()).toBe(0)
  })

  it('counts without a store, and a retry does not run it twice', async () => {
    const desk = await startPaying({
      config: { webhooks: { allow_hosts: ['127.0.0.1'] }, store: { type: 'none' } },
    })
    await askForYes(desk)
    const answered = [...ASKED, user('Yes.')]
    expect((await answering(desk, answered)).text).toBe(PAID)
    expect((await answering(desk, answered)).text).toBe(PAID)
    expect(desk.payments()).toBe(1)
    // Nor does the next yes, to something else.
    const next = await answering(desk, [...answered, assistant(PAID), user('Yes.')])
    expect(next.text).toBe(READ_BACK)
    expect(desk.payments()).toBe(1)
  })
})
