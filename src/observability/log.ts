import { pino, stdSerializers, stdTimeFunctions } from 'pino'
import { createLineWriter } from './line-writer.ts'

type LogMethod = (values: object, message: string) => void

/** Values in the object, a fixed lower-case message; errors under `err`. Never keys, URLs or text. */
export interface Log {
  readonly debug: LogMethod
  readonly info: LogMethod
  readonly warn: LogMethod
  readonly error: LogMethod
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

const STANDARD_ERROR = 2

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
    createLineWriter(STANDARD_ERROR),
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
