/** Of what is shown in one line of a terminal. */
const MAX_LENGTH = 120

/** Text from outside, so that it cannot break or colour the line that it is shown in. */
export function shownText(text: string): string {
  const start = text.slice(0, MAX_LENGTH).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
  return text.length > MAX_LENGTH ? `${start}...` : start
}
