from penstock.cli import main

raise SystemExit(main())
