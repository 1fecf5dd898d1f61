const LINK = /\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s"'<>]*/gi
const IPV4 = /\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b/g
/** All eight groups, or `::` in the place of some: two colons alone are a time of day. */
const IPV6 =
  /\[?(?<![\w:])(?:(?:[\da-f]{1,4}:){7}[\da-f]{1,4}|(?:[\da-f]{1,4}(?::[\da-f]{1,4}){0,6})?::(?:[\da-f]{1,4}(?::[\da-f]{1,4}){0,6})?)(?![\w:])\]?(?::\d{1,5})?/gi
/** A dotted name or `localhost` with any port; one word only with a port that is no minute. */
const HOST_AND_PORT =
  /\b(?:localhost:\d{1,5}|[a-z](?:[\w-]{0,62}\.){1,8}[a-z][\w-]{0,62}:\d{1,5}|[a-z][\w-]{0,62}:\d{4,5})\b/gi

/** Takes links and network addresses out of what the other side said. */
export function withoutAddresses(text: string): string {
  return text
    .replace(LINK, '[link]')
    .replace(IPV6, '[address]')
    .replace(IPV4, '[address]')
    .replace(HOST_AND_PORT, '[address]')
}

/** The same of the beginning of a text that may be very long. */
export function shortWithoutAddresses(text: string, maxLength: number): string {
  // Addresses get shorter, so that more is looked at than is kept.
  return withoutAddresses(text.slice(0, 8 * maxLength)).slice(0, maxLength)
}
