/** Waits for work, but not for longer than anybody wants it: then it rejects with the signal's reason. */
export async function untilAborted(work: void | Promise<void>, signal: AbortSignal): Promise<void> {
  if (work === undefined) return
  await new Promise<void>((resolve, reject) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the signal's reason, whatever it is
    const leave = (): void => reject(signal.reason)
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
