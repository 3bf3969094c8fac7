import type { Job } from "./job.ts";
import type { JobGroup, QueuedJob, Shapes } from "./queued-job.ts";

/**
 * Jobs that wait, by priority level; those of a level that may share a run are a group.
 *
 * Each level has two lanes, the second one for jobs whose timeout put them behind the others. Lanes are served in order; within one, the
 * group whose first job is oldest is next, so that none starves. Adding, taking and leaving take O(number of groups), which is one where
 * the model fixes all extents but the first and callers ask for the same outputs.
 */
export class JobQueue {
  readonly #fixedShape: boolean;
  readonly #lanes: JobGroup[][];
  readonly #waiting: number[];
  #sequence = 0;
  #jobs = 0;
  #rows = 0;

  /** @param fixedShape - whether the model fixes all extents behind the first, so that they need not be compared */
  constructor(levels: number, fixedShape: boolean) {
    this.#fixedShape = fixedShape;
    this.#lanes = Array.from({ length: 2 * levels }, () => []);
    this.#waiting = Array.from({ length: levels }, () => 0);
  }

  /** Jobs that wait. */
  get jobs(): number {
    return this.#jobs;
  }

  /** Rows that wait. */
  get rows(): number {
    return this.#rows;
  }

  /** Jobs that wait at a priority level. */
  waitingAt(level: number): number {
    return this.#waiting[level - 1]!;
  }

  /** Puts a job at the end of its level, or behind the level. */
  add(entry: QueuedJob, delayed = false): void {
    const group = this.#groupOf(entry.job, 2 * (entry.level - 1) + (delayed ? 1 : 0));
    entry.group = group;
    entry.sequence = ++this.#sequence;
    entry.next = undefined;
    entry.previous = group.tail;
    if (group.tail === undefined) group.head = entry;
    else group.tail.next = entry;
    group.tail = entry;
    const rows = entry.left;
    group.rows += rows;
    this.#rows += rows;
    this.#jobs += 1;
    this.#waiting[entry.level - 1]! += 1;
  }

  /** Takes a job out, wherever it stands. */
  remove(entry: QueuedJob): void {
    const { group, previous, next } = entry;
    if (group === undefined) return;
    if (previous === undefined) group.head = next;
    else previous.next = next;
    if (next === undefined) group.tail = previous;
    else next.previous = previous;
    entry.group = undefined;
    entry.previous = undefined;
    entry.next = undefined;
    const rows = entry.left;
    group.rows -= rows;
    this.#rows -= rows;
    this.#jobs -= 1;
    this.#waiting[entry.level - 1]! -= 1;
    // The last group is kept for the next job, which is likely to belong to it.
    if (group.head === undefined) {
      const groups = this.#lanes[group.lane]!;
      if (groups.length > 1) groups.splice(groups.indexOf(group), 1);
    }
  }

  /** The group whose turn it is; undefined when nothing waits. */
  next(): JobGroup | undefined {
    if (this.#jobs === 0) return undefined;
    for (const groups of this.#lanes) {
      let first: JobGroup | undefined;
      for (const group of groups) {
        if (group.head !== undefined && (first === undefined || group.head.sequence < first.head!.sequence)) first = group;
      }
      if (first !== undefined) return first;
    }
    return undefined;
  }

  /** The group with the jobs that may share a run with those of `group` and are next after them; undefined when there is none. */
  after(group: JobGroup): JobGroup | undefined {
    for (let lane = group.lane + 1; lane < this.#lanes.length; lane++) {
      const match = this.#lanes[lane]!.find(
        (other) => other.head !== undefined && this.#fits(other, group.outputs, group.shapes, group.hash),
      );
      if (match !== undefined) return match;
    }
    return undefined;
  }

  /** Rows that could share a run with those of `group`, its own included. */
  rowsWith(group: JobGroup): number {
    let rows = group.rows;
    if (rows === this.#rows) return rows;
    for (let other = this.after(group); other !== undefined; other = this.after(other)) rows += other.rows;
    return rows;
  }

  #groupOf(job: Job, lane: number): JobGroup {
    const groups = this.#lanes[lane]!;
    const hash = this.#fixedShape ? 0 : hashOf(job);
    for (const group of groups) if (this.#fits(group, job.outputs, job.inputs, hash)) return group;
    const shapes = this.#fixedShape ? undefined : shapesOf(job);
    const group: JobGroup = { lane, outputs: job.outputs, shapes, hash, head: undefined, tail: undefined, rows: 0 };
    // An empty group may be left over; it must not pile up with others.
    if (groups.length === 1 && groups[0]!.head === undefined) groups.pop();
    groups.push(group);
    return group;
  }

  #fits(group: JobGroup, outputs: readonly string[], shapes: Shapes | undefined, hash: number): boolean {
    if (group.hash !== hash || !sameOutputs(group.outputs, outputs)) return false;
    return group.shapes === undefined || shapes === undefined || sameRows(group.shapes, shapes);
  }
}

function sameOutputs(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((name, i) => name === b[i]));
}

/** Only what is compared: a group that waits for its next job must not hold the data of the last one. */
function shapesOf({ inputs }: Job): Shapes {
  return Object.fromEntries(Object.entries(inputs).map(([name, { type, dims }]) => [name, { type, dims }]));
}

/** Whether the inputs have the same element types and the same extents behind the first. */
function sameRows(a: Shapes, b: Shapes): boolean {
  for (const name in a) {
    const left = a[name]!;
    const right = b[name];
    if (right === undefined || left.type !== right.type || left.dims.length !== right.dims.length) return false;
    for (let axis = 1; axis < left.dims.length; axis++) if (left.dims[axis] !== right.dims[axis]) return false;
  }
  return true;
}

/** A number that jobs with equal extents share; others rarely. */
function hashOf({ inputs }: Job): number {
  let hash = 17;
  for (const name in inputs) {
    const { dims } = inputs[name]!;
    for (let axis = 1; axis < dims.length; axis++) hash = (Math.imul(hash, 31) + dims[axis]!) | 0;
  }
  return hash;
}
