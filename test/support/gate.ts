import type { Reply } from './upstream-server.ts'

/** A place where a test can see that it was reached, and where everything waits until the test lets it go on. */
export interface Gate {
  readonly reach: () => void
  readonly reached: Promise<void>
  readonly release: () => void
  readonly released: Promise<void>
}

export function createGate(): Gate {
  let reach = () => {}
  let release = () => {}
  const reached = new Promise<void>((resolve) => (reach = resolve))
  const released = new Promise<void>((resolve) => (release = resolve))
  return { reach, reached, release, released }
}

/** An answer of a model that waits until the test lets it go. */
export function heldReply(reply: Reply): Gate & { readonly answer: () => Promise<Reply> } {
  const gate = createGate()
  const answer = async () => {
    gate.reach()
    await gate.released
    return reply
  }
  return { ...gate, answer }
}
