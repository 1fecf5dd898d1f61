import { z } from 'zod'

/** What a worker is to do. The files go with it: they may have changed since they were checked. */
const Job = z.object({
  worker: z.int(),
  host: z.string(),
  port: z.int(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
  configFile: z.string(),
  files: z.record(
    z.string(),
    z.discriminatedUnion('ok', [
      z.object({ ok: z.literal(true), text: z.string() }),
      z.object({ ok: z.literal(false), message: z.string() }),
    ]),
  ),
})
export type Job = z.infer<typeof Job>

/** What the process that started the workers tells them. */
export const ToWorker = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), job: Job }),
  /** All of them stop. */
  z.object({ type: z.literal('stop') }),
])
export type ToWorker = z.infer<typeof ToWorker>

export const FromWorker = z.discriminatedUnion('type', [
  /** It waits for its job: whatever is sent to it before it looks may be lost. */
  z.object({ type: z.literal('waiting') }),
  z.object({ type: z.literal('listening'), port: z.int() }),
  z.object({ type: z.literal('refused'), reason: z.string() }),
])
export type FromWorker = z.infer<typeof FromWorker>
