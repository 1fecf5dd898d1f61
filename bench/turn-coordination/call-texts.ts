/*
 * What is said on a clinic's phone line: sentences of usual length, different in every exchange, some
 * with numbers in them. The same `call` and `exchange` always give the same texts.
 */

const NAMES = ['Ada', 'Grace', 'Alan', 'Edsger', 'Barbara', 'Donald', 'Radia', 'Ken']
const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday']
const CONCERNS = [
  'my left knee has been hurting since last week',
  'I would like to see the doctor about a cough',
  'my daughter needs her second vaccination',
  'the prescription you sent has run out again',
  'I have to move the appointment that we made',
  'could somebody look at a rash on my arm',
]
const REMARKS = [
  'Doctor Larsen is in all day, so that should not be a problem at all.',
  'Please bring your insurance card and arrive a little early for the form.',
  'If that is too soon for you I can also look at the week after.',
  'You will get a text message as soon as it is confirmed by the practice.',
  'The waiting room is on the second floor, just across from the lift.',
]

function pick(list: readonly string[], number: number): string {
  return list[number % list.length] ?? ''
}

/** About ten words of a caller. */
export function callerText(call: number, exchange: number): string {
  const seed = call * 31 + exchange * 7
  return `Hi, ${pick(CONCERNS, seed)}, it is ${pick(NAMES, exchange)} number ${call}-${exchange}.`
}

/** Two sentences, about 30 words. */
export function replyText(call: number, exchange: number): string {
  const seed = call * 17 + exchange * 3
  const time = `${8 + (seed % 9)}:${10 + (exchange % 45)}`
  return `Thank you ${pick(NAMES, exchange)}, I can offer you ${pick(DAYS, seed)} at ${time} in room ${exchange + 100}. ${pick(REMARKS, seed)}`
}

/** A reply of about 25 words that has next to nothing in common with the others. */
export function otherText(number: number): string {
  return `Tonight our theatre shows Hamlet once more, act ${number}; seats cost twenty crowns everywhere, students pay half, children enter free, doors open before seven, curtains rise punctually.`
}

/** As platforms write a reply that the caller spoke over. */
export function cutText(reply: string): string {
  return `${reply.slice(0, Math.floor(reply.length * 0.6))}...`
}

/** As platforms write a reply that they made from the recording. */
export function respelledText(reply: string): string {
  return reply.replace(/(\d+):(\d+)/, 'half past $1 or so').replace(/, /g, ' ')
}

/** One word in eight was understood as another one, and numbers are spelled anew. */
export function retranscribedText(reply: string): string {
  const words = respelledText(reply).split(' ')
  return words.map((word, index) => (index % 8 === 5 ? 'uh' : word)).join(' ')
}
