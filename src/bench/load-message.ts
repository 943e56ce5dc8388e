/** What the paced load is to do. */
export interface LoadCommand {
  readonly url: string;
  readonly perSecond: number;
  /** Ids of its rows are above this. */
  readonly firstId: number;
}

/** What it did. */
export interface LoadReport {
  readonly perSecond: number;
  /** How often it had to give up catching up with its rate. */
  readonly behind: number;
}
