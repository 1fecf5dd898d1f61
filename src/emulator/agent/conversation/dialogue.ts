import type { Json } from '../../rehearsal/json.ts'
import { user } from '../../rehearsal/messages.ts'
import { createCurrentTurn } from './current-turn.ts'
import { greet } from './greet.ts'
import { contextNote, type History } from './history.ts'
import type { Outbox } from './outbox.ts'
import { createSilence } from './silence.ts'
import type { TurnNeeds } from './turn.ts'

interface DialogueNeeds extends TurnNeeds {
  readonly onOver: (over: DialogueOver) => void
}

type DialogueOver =
  { readonly kind: 'ended-by-agent' } | { readonly kind: 'failed'; readonly error: unknown }

export interface Speech {
  readonly text: string
  /** As the history holds it. */
  readonly content: string | readonly Json[]
}

/** Who speaks when: turns, interruptions and silence over one history. */
export interface Dialogue {
  readonly greet: (firstMessage: string) => void
  readonly userSays: (speech: Speech) => void
  readonly addContext: (text: string) => void
  readonly userIsActive: () => void
  /** Nothing runs on after this. */
  readonly stop: () => void
}

export function createDialogue(needs: DialogueNeeds): Dialogue {
  const { party, history, outbox, log, onOver } = needs
  /** Kept back while a turn runs: nothing may come between calls and their results. */
  const contexts: string[] = []

  const turn = createCurrentTurn(needs, (outcome) => {
    addContexts()
    if (outcome.kind === 'failed') onOver(outcome)
    else if (outcome.end === 'conversation-over') onOver({ kind: 'ended-by-agent' })
    else silence.restart()
  })
  const settings = () => party().agent.turn
  const silence = createSilence(
    () => settings().timeoutMs,
    () => {
      log('silence: the agent is asked again')
      const mark = silenceMark(settings().silenceForm, history)
      if (mark) history.add(mark)
      turn.begin(null, mark)
    },
  )

  function addContexts(): void {
    for (const text of contexts.splice(0)) history.add(contextNote(text))
  }

  function interrupt(): void {
    silence.stop()
    turn.interrupt()
    addContexts()
  }

  return {
    greet: (firstMessage) => {
      if (firstMessage === '') return
      greet(firstMessage, outbox, history)
      silence.restart()
    },
    userSays: ({ text, content }) => {
      if (turn.isRunning()) log('the user speaks while the agent answers: interrupted')
      interrupt()
      history.add({ role: 'user', content })
      if (party().agent.echoesUserTranscript) sendTranscript(text, outbox)
      const isTyped = settings().isSpeculative && typeof content === 'string'
      turn.begin(isTyped ? content : null)
    },
    addContext: (text) => {
      if (turn.isRunning()) contexts.push(text)
      else history.add(contextNote(text))
    },
    userIsActive: () => {
      if (silence.isRunning()) silence.restart()
    },
    stop: interrupt,
  }
}

function sendTranscript(text: string, { send, nextEventId }: Outbox): void {
  const transcript = { user_transcript: text, event_id: nextEventId() }
  send({ type: 'user_transcript', user_transcription_event: transcript })
}

/** The message that stands for silence; null: the history is sent as it is. */
function silenceMark(form: 'dots' | 'assistant_tail', history: History): Json | null {
  const last = history.messages().at(-1)
  // Any other tail would look like something that the agent is to answer.
  return form === 'assistant_tail' && last?.role === 'assistant' ? null : user('...')
}
