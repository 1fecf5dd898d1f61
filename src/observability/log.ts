import { destination, pino, stdSerializers, stdTimeFunctions } from 'pino'

type LogMethod = (values: object, message: string) => void

/** Values in the object, a fixed lower-case message; errors under `err`. Never keys, URLs or text. */
export interface Log {
  readonly debug: LogMethod
  readonly info: LogMethod
  readonly warn: LogMethod
  readonly error: LogMethod
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Lines are written together, this many bytes at a time and at the latest after so many milliseconds. */
const WRITE_TOGETHER_BYTES = 4096
const WRITE_WITHIN_MS = 100
/** What waits for a reader that has stopped reading; what comes on top of it is dropped. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024

/**
 * JSON lines on standard error, so that standard output stays for what a person asked to see. Errors
 * appear as their kind; messages and stacks of foreign code, which may quote what a caller sent,
 * only at `debug`.
 */
export function createLog(level: LogLevel): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      serializers: { err: level === 'debug' ? stdSerializers.err : errorKind },
    },
    // In the background, so that a slow reader of the log holds up nobody's call; at the process's exit
    // pino writes what is left.
    destination({
      dest: 2,
      sync: false,
      minLength: WRITE_TOGETHER_BYTES,
      periodicFlush: WRITE_WITHIN_MS,
      maxLength: MAX_WAITING_BYTES,
    }),
  )
}

interface ErrorKind {
  readonly type: string
  readonly code?: unknown
  readonly cause?: ErrorKind
}

function errorKind(error: unknown, depth = 0): ErrorKind {
  if (!(error instanceof Error)) return { type: typeof error }
  return {
    type: error.name,
    ...('code' in error && { code: error.code }),
    ...(error.cause !== undefined && depth < 3 && { cause: errorKind(error.cause, depth + 1) }),
  }
}
