import type { z } from 'zod'
import type { Log } from '../../observability/log.ts'
import type { VoiceSocket } from './voice-socket.ts'

interface Options {
  readonly socket: Pick<VoiceSocket, 'send'>
  readonly platform: string
  readonly log: Log
}

/**
 * Sends frames that fit the platform's form. One that does not would vanish there, and is a mistake of
 * this server: it is told to the log and not sent.
 */
export function createFrameSender<Frame extends object>(
  form: z.ZodType<Frame>,
  { socket, platform, log }: Options,
): (frame: Frame) => void | Promise<void> {
  return (frame) => {
    const checked = form.safeParse(frame)
    if (checked.success) return socket.send(checked.data)
    const at = checked.error.issues.map(({ path }) => path.join('.'))
    log.error({ platform, at }, 'a frame is not fit to be sent')
    return
  }
}
