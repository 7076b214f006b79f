# Starting on one, two and four hosts.

# Four ranks by srun and by mpirun on 1, 2 and 4 nodes reach the objective of four ranks that mpirun starts on one host.
test_launchers() {
    local nodes launcher start
    on login mpirun -n 4 crescendo train ../small.svm --output reference --quiet
    for nodes in 1 2 4; do
        for launcher in srun mpirun; do
            start="srun --mpi=pmix --kill-on-bad-exit=1"
            [ $launcher = srun ] || start=mpirun
            on login sbatch --wait -N$nodes --ntasks-per-node=$((4 / nodes)) -o $launcher-$nodes.out --export=ALL,SLURM_PMIX_FENCE=tree \
                --wrap "$start crescendo train ../small.svm --output $launcher-$nodes --quiet" >/dev/null
            [ "$(value $launcher-$nodes/result.json ranks)" = 4 ] || fail "$launcher on $nodes nodes: not four ranks"
            agree "$(value reference/result.json objective)" "$(value $launcher-$nodes/result.json objective)" ||
                fail "$launcher on $nodes nodes: another objective"
        done
    done
}
