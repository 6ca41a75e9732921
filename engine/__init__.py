"""Mining itself: jobs and work, the judge, pools, the embedded pool, the CPU device, the miner."""
