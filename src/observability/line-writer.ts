import { write, writeSync } from 'node:fs'

/** Where lines are written to, in the background. */
export interface LineWriter {
  readonly write: (line: string) => void
}

/**
 * What is written at once, in whole lines: several processes can share a pipe, and no more than this is
 * sure to stay in one piece there.
 */
const MAX_PIECE_BYTES = 4096
/** A line that no other follows is written within so many milliseconds. */
const WRITE_WITHIN_MS = 100
/** What waits for a reader that has stopped reading; what comes on top of it is dropped. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024
const RETRY_MS = 50
const TRIES_AT_EXIT = 20

/**
 * Writes lines so that a slow reader holds nobody up. At the process's exit it writes what is left. It
 * never fails: what cannot be written (nobody reads it any more, the disk is full) is dropped.
 */
export function createLineWriter(fd: number): LineWriter {
  const pieces: Piece[] = []
  let waitingBytes = 0
  let isWriting = false
  let timer: NodeJS.Timeout | null = null

  function take(): Buffer | null {
    const piece = pieces.shift()
    if (!piece) return null
    waitingBytes -= piece.bytes
    return Buffer.from(piece.text)
  }

  function writeNext(): void {
    if (timer) clearTimeout(timer)
    timer = null
    const piece = take()
    if (!piece) return
    isWriting = true
    writeAll(fd, piece, () => {
      isWriting = false
      writeSoon()
    })
  }

  function writeSoon(): void {
    if (isWriting || pieces.length === 0) return
    if (waitingBytes >= MAX_PIECE_BYTES) writeNext()
    else timer ??= setTimeout(writeNext, WRITE_WITHIN_MS)
  }

  function add(line: string, bytes: number): void {
    const last = pieces.at(-1)
    if (last && last.bytes + bytes <= MAX_PIECE_BYTES) {
      last.text += line
      last.bytes += bytes
    } else {
      pieces.push({ text: line, bytes })
    }
    waitingBytes += bytes
  }

  process.once('exit', () => {
    // What another thread is writing comes first.
    if (isWriting) pause()
    for (let piece = take(); piece; piece = take()) if (!writeAllNow(fd, piece)) return
  })

  return {
    write(line) {
      const bytes = Buffer.byteLength(line)
      if (waitingBytes + bytes > MAX_WAITING_BYTES) return
      add(line, bytes)
      writeSoon()
    },
  }
}

interface Piece {
  text: string
  bytes: number
}

function writeAll(fd: number, bytes: Buffer, done: () => void): void {
  write(fd, bytes, (error, written) => {
    if (!error && written === bytes.length) done()
    else if (!error) writeAll(fd, bytes.subarray(written), done)
    else if (isBusy(error)) setTimeout(writeAll, RETRY_MS, fd, bytes, done)
    else done()
  })
}

/** False if it cannot be written: the process must end all the same. */
function writeAllNow(fd: number, bytes: Buffer): boolean {
  let written = 0
  for (let tries = 0; tries < TRIES_AT_EXIT; tries += 1) {
    try {
      while (written < bytes.length) written += writeSync(fd, bytes, written)
      return true
    } catch (error) {
      if (!isBusy(error)) return false
      pause()
    }
  }
  return false
}

/** Nothing else goes on meanwhile in this thread: only for the process's exit. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS)
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN'
}
