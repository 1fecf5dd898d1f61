import type { Agent } from '../agent.ts'
import { isSent, type CloseCode, type ServerEvent } from './server-event.ts'

/** The way to the client, which knows what this agent's clients are told. */
export interface Outbox {
  readonly send: (event: ServerEvent) => void
  readonly isWanted: (type: ServerEvent['type']) => boolean
  /** Rises; all events of a group share one. */
  readonly nextEventId: () => number
  readonly close: (code: CloseCode, reason: string) => void
  /** Says what went wrong, and closes. */
  readonly fail: (failure: Failure) => void
}

export interface Failure {
  readonly code: CloseCode
  readonly errorType: string
  readonly message: string
}

/** The socket as a conversation sees it. */
export interface Line {
  readonly send: (event: ServerEvent) => void
  readonly close: (code: CloseCode, reason: string) => void
}

export function createOutbox(line: Line, choice: Agent['clientEvents']): Outbox {
  let lastEventId = 0
  let isClosed = false
  const isWanted = (type: ServerEvent['type']) => isSent(choice, type)

  function send(event: ServerEvent): void {
    if (!isClosed && isWanted(event.type)) line.send(event)
  }

  function close(code: CloseCode, reason: string): void {
    if (isClosed) return
    isClosed = true
    line.close(code, reason)
  }

  return {
    send,
    isWanted,
    nextEventId: () => (lastEventId += 1),
    close,
    fail: ({ code, errorType, message }) => {
      send({
        type: 'error',
        error_event: { code, error_type: errorType, message, reason: message },
      })
      close(code, `${errorType}: ${message}`)
    },
  }
}
