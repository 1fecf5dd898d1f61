/** The least that a platform takes for an answer: an empty stream would end the call. */
export const QUIET_REPLY = '... '

/** For a request that nobody waits for any more, or that only reports something. */
export const SILENT_WORD = ' '
