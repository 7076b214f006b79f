import BigBatch
