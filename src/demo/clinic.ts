/** What the clinic's API answers: a status and a JSON body. */
export interface ClinicAnswer {
  readonly status: number
  readonly body: object
}

interface Booking {
  readonly id: string
  readonly patient: string
  readonly at: string
}

interface BookingWish {
  readonly patient: string
  readonly at: string
  readonly idempotencyKey: string | undefined
}

export interface Clinic {
  /** Patients of whose name all words of `name` are part. */
  findPatients(name: string): ClinicAnswer
  /** Slots that nobody has booked, or that this patient has: her own time may be offered to her again. */
  slots(patient: string): ClinicAnswer
  bookings(): ClinicAnswer
  /** The same wish again (same key, or same patient and slot) gives the booking that is there. */
  book(wish: BookingWish): ClinicAnswer
  cancel(id: string): ClinicAnswer
}

const PATIENTS = [
  { id: 'P-1', name: 'Ada Lovelace' },
  { id: 'P-2', name: 'Grace Hopper' },
  { id: 'P-3', name: 'Alan Turing' },
]
const SLOTS = ['Tuesday 10:30', 'Wednesday 14:00', 'Thursday 09:15']
const FIRST_REFERENCE = 1001
const MAX_REMEMBERED_KEYS = 1000

/** The appointment book of the demo, in memory; the same calls always give the same answers. */
export function createClinic(): Clinic {
  const bookings = new Map<string, Booking>()
  const answered = new Map<string, ClinicAnswer>()
  let nextReference = FIRST_REFERENCE
  const bookingAt = (at: string): Booking | undefined =>
    [...bookings.values()].find((booking) => booking.at === at)

  const book = ({ patient, at }: BookingWish): ClinicAnswer => {
    if (!PATIENTS.some(({ id }) => id === patient)) return problem(400, 'patient is not known')
    if (!SLOTS.includes(at)) return problem(400, `at must be one of: ${SLOTS.join(', ')}`)
    const taken = bookingAt(at)
    if (taken?.patient === patient) return { status: 200, body: taken }
    if (taken) return problem(409, `${at} is already taken`)
    const booking = { id: `B-${nextReference}`, patient, at }
    nextReference += 1
    bookings.set(booking.id, booking)
    return { status: 201, body: booking }
  }

  return {
    findPatients: (name) => ({
      status: 200,
      body: { items: PATIENTS.filter((patient) => isPartOf(name, patient.name)) },
    }),
    slots: (patient) => {
      const free = SLOTS.filter((at) => (bookingAt(at)?.patient ?? patient) === patient)
      return { status: 200, body: { items: free.map((at) => ({ at })) } }
    },
    bookings: () => ({ status: 200, body: { items: [...bookings.values()] } }),
    book: (wish) => {
      const key = wish.idempotencyKey
      const answer = (key === undefined ? undefined : answered.get(key)) ?? book(wish)
      if (key !== undefined) remember(answered, key, answer)
      return answer
    },
    cancel: (id) =>
      bookings.delete(id)
        ? { status: 200, body: { id, cancelled: true } }
        : problem(404, 'there is no such booking'),
  }
}

export function problem(status: number, error: string): ClinicAnswer {
  return { status, body: { error } }
}

function isPartOf(name: string, whole: string): boolean {
  const known = new Set(toWords(whole))
  const words = toWords(name)
  return words.length > 0 && words.every((word) => known.has(word))
}

function toWords(name: string): readonly string[] {
  return name.toLowerCase().match(/\p{L}+/gu) ?? []
}

function remember(answers: Map<string, ClinicAnswer>, key: string, answer: ClinicAnswer): void {
  answers.set(key, answer)
  const [oldest] = answers.keys()
  if (answers.size > MAX_REMEMBERED_KEYS && oldest !== undefined) answers.delete(oldest)
}
