from taskdist.agent.run import main

raise SystemExit(main())
