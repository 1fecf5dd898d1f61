const FAILURES_IN_A_ROW = 3
const FIRST_OPEN_MS = 2000
const LONGEST_OPEN_MS = 30_000

interface CircuitBreakerOptions {
  /** In milliseconds. */
  readonly now: () => number
  /** With the reason of the last failure. */
  readonly onOpened: (reason: string, forMs: number) => void
  readonly onClosed: () => void
}

/** One request; exactly one of its methods is to be called, once. */
export interface Attempt {
  readonly succeeded: () => void
  /** `waitMs`: the endpoint said itself when to come back. */
  readonly failed: (reason: string, waitMs?: number) => void
  /** It showed nothing of the endpoint: nobody waited for it, or the request itself was wrong. */
  readonly abandoned: () => void
}

interface CircuitBreaker {
  /** Half open, a `true` is the permission for the one probe: the next `begin`. */
  readonly admits: () => boolean
  /** False while it is open; half open counts as usable. */
  readonly isUsable: () => boolean
  readonly isToldToWait: () => boolean
  readonly begin: () => Attempt
}

interface Circuit {
  readonly options: CircuitBreakerOptions
  failures: number
  /** Absent: closed. Past: half open. */
  openUntil: number | undefined
  isTold: boolean
  nextOpenMs: number
  probe: 'none' | 'admitted' | 'running'
  /** Requests of an earlier era say nothing new: what they showed has been acted upon. */
  era: number
}

/** Open after three failures in a row, longer each time that the probe fails. Pure but for the clock. */
export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const circuit: Circuit = {
    options,
    failures: 0,
    openUntil: undefined,
    isTold: false,
    nextOpenMs: FIRST_OPEN_MS,
    probe: 'none',
    era: 0,
  }
  return {
    admits() {
      if (circuit.openUntil === undefined) return true
      if (isOpen(circuit) || circuit.probe !== 'none') return false
      circuit.probe = 'admitted'
      return true
    },
    isUsable: () => !isOpen(circuit),
    isToldToWait: () => circuit.isTold && isOpen(circuit),
    begin: () => begin(circuit),
  }
}

function isOpen({ openUntil, options }: Circuit): boolean {
  return openUntil !== undefined && options.now() < openUntil
}

function begin(circuit: Circuit): Attempt {
  const { era } = circuit
  const isProbe = circuit.probe === 'admitted'
  if (isProbe) circuit.probe = 'running'
  return {
    succeeded() {
      if (circuit.era === era) succeed(circuit)
    },
    failed(reason, waitMs = 0) {
      if (waitMs > 0) waitAsTold(circuit, reason, waitMs)
      else if (circuit.era === era) fail(circuit, reason)
    },
    abandoned() {
      if (isProbe && circuit.era === era) circuit.probe = 'none'
    },
  }
}

function succeed(circuit: Circuit): void {
  circuit.failures = 0
  if (circuit.openUntil === undefined) return
  circuit.openUntil = undefined
  circuit.nextOpenMs = FIRST_OPEN_MS
  startEra(circuit)
  circuit.options.onClosed()
}

function fail(circuit: Circuit, reason: string): void {
  circuit.failures++
  if (circuit.openUntil === undefined && circuit.failures < FAILURES_IN_A_ROW) return
  if (isOpen(circuit)) return
  const forMs = circuit.nextOpenMs
  circuit.nextOpenMs = Math.min(forMs * 2, LONGEST_OPEN_MS)
  open(circuit, reason, forMs)
}

function waitAsTold(circuit: Circuit, reason: string, waitMs: number): void {
  const until = circuit.options.now() + waitMs
  if (isOpen(circuit)) circuit.openUntil = Math.max(circuit.openUntil ?? until, until)
  else open(circuit, reason, waitMs)
  circuit.isTold = true
}

function open(circuit: Circuit, reason: string, forMs: number): void {
  const { now, onOpened } = circuit.options
  circuit.openUntil = now() + forMs
  startEra(circuit)
  onOpened(reason, forMs)
}

function startEra(circuit: Circuit): void {
  circuit.era++
  circuit.isTold = false
  circuit.probe = 'none'
}
